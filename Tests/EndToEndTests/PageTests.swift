import Glibc
import ManifestKit
import TestSupport
import Testing

/// The panel's page in a real browser: its script under its own policy, and what a person sees while typing.
@Suite("The form in a browser", .timeLimit(.minutes(5))) struct PageTests {
    private static let shop = TestApplication(
        id: "shop",
        inputs: """
            [{name: site, type: hostname}, {name: tls, type: boolean, default: "true"},
            {name: https_port, type: port, default: 443, visible_if: {tls: true}},
            {name: mode, type: select, allowed_values: [dev, prod], default: dev},
            {name: owner, type: email, visible_if: {mode: prod}},
            {name: note, type: string, required: false, default: '</script><b>&amp;"'}]
            """,
        more:
            "rules: [{id: live, assert: {$not: {mode: prod, tls: false}}, message: 'no <tls>', fields: [tls]}]",
        script: "end 0")

    private static let helpers = """
        window.type = (name, value) => {
          const control = document.getElementById(name);
          if (control.type === 'checkbox') control.checked = value; else control.value = value;
          control.dispatchEvent(new Event('input', { bubbles: true }));
        };
        window.look = () => {
          const fields = [...document.querySelectorAll('[data-field]')];
          const shown = fields.filter((field) => field.checkVisibility()).map((field) => field.dataset.field);
          const said = [...document.querySelectorAll('.error')].filter((error) => error.checkVisibility());
          return `${shown.join(' ')} | ${said.map((error) => error.textContent).filter(Boolean).join('; ')}`;
        };
        look()
        """

    /// What is done, and what is seen then: the fields that are shown, and what is said about them.
    private static let steps: [(done: String, seen: String)] = [
        (helpers, "site tls https_port mode note | "),
        ("type('site', 'a b'); look()", "site tls https_port mode note | the value is not a host name"),
        ("type('site', 'example.org'); look()", "site tls https_port mode note | "),
        ("type('tls', false); look()", "site tls mode note | "),
        ("type('mode', 'prod'); look()", "site tls mode owner note | no <tls>"),
        ("type('tls', true); look()", "site tls https_port mode owner note | "),
        (
            "type('https_port', '70000'); look()",
            "site tls https_port mode owner note | the value is not a port (1–65535)"
        ),
        // Whatever a manifest says is a text on the page and no markup.
        ("document.getElementById('note').value", "</script><b>&amp;\""),
        ("String(document.querySelectorAll('b').length)", "0"),
    ]

    @Test func followsWhatIsTypedAndRunsUnderItsPolicy() async throws {
        try await House.runPanel([Self.shop]) { house in
            let seen = try await Self.browse(house.api, "/apps/shop", Self.steps.map(\.done))
            #expect(seen.dropLast().map(\.string) == Self.steps.map(\.seen))
            // No error, and nothing that the page's policy forbids.
            #expect(seen.last == .array([]))
        }
    }

    // MARK: The browser

    /// What each expression comes to on the page, and at the end what the browser complains of.
    private static func browse(_ panel: PanelClient, _ path: String, _ steps: [String]) async throws
        -> [JSONValue]
    {
        let folder = try TemporaryDirectory()
        let credentials = "Bearer \(try #require(panel.token))"
        let orders: JSONValue = [
            "browser": "/usr/bin/chromium", "profile": .string(folder.path("profile")),
            "url": .string("http://127.0.0.1:\(panel.port)\(path)"),
            "headers": ["Authorization": .string(credentials)], "steps": .array(steps.map(JSONValue.string)),
        ]
        try Fixtures.write(orders.bytes(), to: folder.path("orders.json"))
        let script =
            "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/") + "/Browser/browse.js"
        let node = try ChildProcess(
            ["node", script, folder.path("orders.json")], output: folder.path("output"), folder: folder.path)
        let code = try await eventually("the end of the browser") { node.ending() }
        let text = try Fixtures.read(folder.path("output"))
        try #require(code == 0, "the browser was not there, or lost (scripts/packages test): \(text)")
        return try #require(JSONValue(parsing: Array(text.utf8)).array)
    }
}

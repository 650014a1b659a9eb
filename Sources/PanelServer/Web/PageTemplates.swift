import Mustache

/// The templates, compiled into the program: one binary to deploy.
enum PageTemplates {
    static func library() throws -> MustacheLibrary {
        var library = MustacheLibrary()
        for (name, bytes) in [
            ("layout", PackageResources.layout_mustache), ("apps", PackageResources.apps_mustache),
            ("app", PackageResources.app_mustache),
        ] {
            try library.register(String(decoding: bytes, as: UTF8.self), named: name)
        }
        return library
    }
}

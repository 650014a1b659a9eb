import ArgumentParser

/// The authors' tool: checks applications, makes new ones, and shows what they ask and what their scripts see.
@main
struct ProvisionTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provision", abstract: "Writes and checks applications for the provisioning platform.",
        discussion: """
            An application is a folder with a manifest.yml and its scripts. Shell completions: \
            provision --generate-completion-script bash (or zsh, fish).
            """,
        version: "0.1.0",
        subcommands: [
            CheckCommand.self, NewCommand.self, FormCommand.self, EnvCommand.self, SchemaCommand.self,
        ])
}

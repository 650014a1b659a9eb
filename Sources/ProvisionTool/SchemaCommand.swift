import ArgumentParser
import ManifestKit

/// Prints the manifest's schema.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the manifest's JSON Schema, for editors.")

    func run() { Terminal.put(ManifestSchema.jsonSchema()) }
}

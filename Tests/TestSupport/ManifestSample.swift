/// The sample manifest of the README of record.
package enum ManifestSample {
    package static let text = """
        id: nginx
        name: Nginx Web Server
        version: 1.24.0
        description: High-performance HTTP server
        category: web-servers

        os_requirements:
          family: [ubuntu, debian]
          min_version: "20.04"

        inputs:
          - name: server_name
            type: string
            label: Server Name
            required: true
            validation:
              pattern: '^[a-z0-9\\-\\.]+$'
              
          - name: enable_ssl
            type: boolean
            label: Enable SSL
            default: "true"
              
          - name: https_port
            type: port
            label: HTTPS Port
            default: "443"
            visible_if:
              enable_ssl: "true"

        install_script: install.sh
        timeout_seconds: 600
        idempotent: true

        """
}

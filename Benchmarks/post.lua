-- The install request of the benchmark: the inputs of a usual form, one of them sensitive.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("PANEL_TOKEN")
wrk.body = '{"server_id": "' .. os.getenv("SERVER_ID") .. '", "inputs": {"server_name": "example.com", '
    .. '"admin_email": "admin@example.com", "enable_ssl": "true"}}'

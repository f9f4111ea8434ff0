/**
 * A small HTTP client that runs on a host of the control plane: it reads what to do as JSON on stdin, so that no
 * password or token is an argument or in the environment, and prints one line of JSON for each request. Python, because
 * every host with an OpenStack service has it; the standard library alone, because loading a client library of
 * OpenStack takes seconds.
 *
 * A job: `{auth: {url, user, project, password}, ca?, timeout, together, requests: [...]}`. A request: `{service, method, path, body?, save?}`
 * with the service's type in the catalogue, or `{url, method, ...}`, or `{login: {user, password}}`. `save: {NAME: "a.b.0.c"}` keeps a value of the
 * answer, and `{NAME}` in later paths and bodies stands for it. With `together` all are sent at once; else one after
 * another, and the first that fails ends the job.
 */
export const API_CLIENT = `import concurrent.futures, json, ssl, sys, urllib.error, urllib.request
job = json.load(sys.stdin)
saved = {}
context = ssl.create_default_context(cafile=job.get("ca")) if job["auth"]["url"].startswith("https:") else None
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else []))

def fill(value):
    if isinstance(value, str):
        for name, known in saved.items(): value = value.replace("{" + name + "}", str(known))
        return value
    if isinstance(value, list): return [fill(item) for item in value]
    if isinstance(value, dict): return {key: fill(item) for key, item in value.items()}
    return value

def send(method, url, body=None, token=None):
    headers = {"Accept": "application/json"}
    if token: headers["X-Auth-Token"] = token
    if body is not None: headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with opener.open(request, timeout=job["timeout"]) as answer: return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()

def login(user, password, project=None):
    identity = {"methods": ["password"], "password": {"user": {"name": user, "domain": {"id": "default"}, "password": password}}}
    auth = {"identity": identity}
    auth["scope"] = {"project": {"name": project, "domain": {"id": "default"}}} if project else "unscoped"
    return send("POST", job["auth"]["url"] + "/auth/tokens", {"auth": auth})

def look(value, path):
    for part in path.split("."): value = value[int(part)] if part.isdigit() else value[part]
    return value

def run(request):
    if "login" in request:
        status, _, text = login(request["login"]["user"], request["login"]["password"])
        return {"status": status}
    url = fill(request["url"]) if "url" in request else endpoints.get(request["service"], "") + fill(request["path"])
    if url.startswith("/"): return {"status": 0, "error": "the catalogue has no " + request["service"]}
    status, _, text = send(request.get("method", "GET"), url, fill(request.get("body")), token)
    try: body = json.loads(text) if text else None
    except ValueError: body = text.decode("utf-8", "replace")[:2000]
    for name, path in request.get("save", {}).items():
        if status < 300: saved[name] = look(body, path)
    return {"status": status, "body": body}

def safely(request):
    try: return run(request)
    except Exception as error: return {"status": 0, "error": str(error)}

try:
    status, headers, text = login(job["auth"]["user"], job["auth"]["password"], job["auth"]["project"])
except Exception as error:
    print(json.dumps({"status": 0, "error": str(error)})); sys.exit(1)
if status != 201:
    print(json.dumps({"status": status, "error": text.decode("utf-8", "replace")[:500]})); sys.exit(1)
token = headers["X-Subject-Token"]
endpoints = {}
for service in json.loads(text)["token"].get("catalog", []):
    for endpoint in service["endpoints"]:
        if endpoint["interface"] == "internal": endpoints[service["type"]] = endpoint["url"].rstrip("/")
print(json.dumps({"status": status}), flush=True)
if job["together"]:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for answer in pool.map(safely, job["requests"]): print(json.dumps(answer))
else:
    for request in job["requests"]:
        answer = safely(request)
        if not 200 <= answer["status"] < 300 and answer["status"] not in request.get("accept", []):
            what = request.get("method", "GET") + " " + request.get("path", request.get("url", ""))
            sys.exit(what + ": " + str(answer["status"]) + " " + str(answer.get("error") or answer.get("body"))[:1000])
        print(json.dumps(answer), flush=True)`;

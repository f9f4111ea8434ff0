import { DEFAULT_TIMEOUT_SECONDS } from 'osha';

/**
 * A small HTTP client that runs on a control host. It reads a job as JSON on stdin, so that no password or token is in an
 * argument or the environment, and prints one line of JSON for the login and for each request. Python, because every host
 * with an OpenStack service has it; only its standard library, because loading an OpenStack client library takes seconds.
 *
 * A job is `{auth: {urls, user, project, password}, ca?, timeout, together, requests: [...]}`. It logs in at the first URL
 * that accepts the password, and sends Keystone's requests there too, because the catalogue may still list a former URL.
 * A request is `{service, method, path, body?, save?}` with the service's type in the catalogue, `{url, method, ...}`, or
 * `{login: {user, password, url?}}`. `save: {NAME: "a.b.0.c"}` keeps a value of the response for `{NAME}` in later paths
 * and bodies. Up to `together` requests are sent concurrently; with 0 they are sent one at a time, and the first failure
 * ends the job.
 */
export const API_CLIENT = `import concurrent.futures, json, os, ssl, sys, time, urllib.error, urllib.request
job = json.load(sys.stdin)
seconds = job["timeout"] * int(os.environ.get("OSHA_TIMEOUT", "${DEFAULT_TIMEOUT_SECONDS}")) / ${DEFAULT_TIMEOUT_SECONDS}
saved = {}
context = ssl.create_default_context(cafile=job.get("ca")) if any(url.startswith("https:") for url in job["auth"]["urls"]) else None
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
        with opener.open(request, timeout=seconds) as answer: return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()

def login(url, user, password, project=None):
    identity = {"methods": ["password"], "password": {"user": {"name": user, "domain": {"id": "default"}, "password": password}}}
    auth = {"identity": identity}
    auth["scope"] = {"project": {"name": project, "domain": {"id": "default"}}} if project else "unscoped"
    return send("POST", url + "/auth/tokens", {"auth": auth})

def look(value, path):
    try:
        for part in path.split("."): value = value[int(part)] if part.isdigit() else value[part]
        return value
    except (LookupError, TypeError): raise LookupError("its response has no " + path)

def run(request):
    if "login" in request:
        who = request["login"]
        status, _, text = login(who.get("url", job["auth"]["urls"][0]), who["user"], who["password"])
        return {"status": status}
    url = fill(request["url"]) if "url" in request else endpoints.get(request["service"], "") + fill(request["path"])
    if url.startswith("/"): return {"status": 0, "error": "the catalogue has no " + request["service"]}
    status, _, text = send(request.get("method", "GET"), url, fill(request.get("body")), token)
    try: body = json.loads(text) if text else None
    except ValueError: body = text.decode("utf-8", "replace")[:2000]
    for name, path in request.get("save", {}).items():
        if status < 300: saved[name] = look(body, path)
    return {"status": status, "body": body}

def safely(work, *args):
    start = time.monotonic()
    try: answer = work(*args)
    except Exception as error: answer = {"status": 0, "error": str(error)}
    return {**answer, "ms": round((time.monotonic() - start) * 1000)}

def enter(url):
    status, headers, text = login(url, job["auth"]["user"], job["auth"]["password"], job["auth"]["project"])
    if status == 201: return {"status": status, "token": headers["X-Subject-Token"], "text": text}
    return {"status": status, "error": text.decode("utf-8", "replace")[:500]}

tried = []
for url in job["auth"]["urls"]:
    tried.append(safely(enter, url))
    if tried[-1]["status"] == 201: break
token, text = tried[-1].pop("token", None), tried[-1].pop("text", None)
if token is None:
    print(json.dumps(tried[0]))
    sys.exit("logging in as " + job["auth"]["user"] + " at " + job["auth"]["urls"][0] + ": " + str(tried[0]["status"]) + " " + tried[0]["error"])
endpoints = {}
for service in json.loads(text)["token"].get("catalog", []):
    for endpoint in service["endpoints"]:
        if endpoint["interface"] == "internal": endpoints[service["type"]] = endpoint["url"].rstrip("/")
endpoints["identity"] = url
print(json.dumps(tried[0]), flush=True)
if job["together"] > 0:
    with concurrent.futures.ThreadPoolExecutor(job["together"]) as pool:
        for answer in pool.map(lambda request: safely(run, request), job["requests"]): print(json.dumps(answer))
else:
    for request in job["requests"]:
        answer = safely(run, request)
        if not 200 <= answer["status"] < 300 and answer["status"] not in request.get("accept", []):
            what = request.get("method", "GET") + " " + request.get("path", request.get("url", ""))
            sys.exit(what + ": " + str(answer["status"]) + " " + str(answer.get("error") or answer.get("body"))[:1000])
        print(json.dumps(answer), flush=True)`;

"""What schemathesis cannot know: who calls, what exists, and which rules go over more than one field.

One rule: requests that are meant to be wrong are left as they are."""

import itertools
import json
import os
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st

from world import FILE, PASSWORD, FakeN8n, World

N8N = FakeN8n()
WORLD = World(os.environ["BATON_RUN_URL"], os.environ["BATON_RUN_KEY"], N8N.url)
DIALECT = os.environ["BATON_RUN_DIALECT"]
SESSION_ONLY = {"log_out", "change_password", "get_own_api_key", "copy_own_api_key", "regenerate_own_api_key",
                "get_second_factor", "begin_second_factor", "confirm_second_factor", "delete_second_factor"}
NEW_PASSWORDS = itertools.cycle(["a better staple", "correct horse battery"])

with open(Path(__file__).parents[2] / "docs" / "openapi" / "a.json", encoding="utf-8") as document:
    LEAD_FIELDS = json.load(document)["components"]["schemas"]["UpdateLead"]["properties"].keys()

turns: Counter[str] = Counter()
seen: dict[str, Counter[int]] = {}

URL = "https://example.com/a?b=c"
# What a pattern alone does not tell.
MEANINGS = dict.fromkeys(["url", "thumbnail_url", "embed_url", "download_url", "payment_url", "pdf_url", "link"], URL)
MEANINGS |= dict.fromkeys(["due_date", "issued_at", "triggered_after"], "2025-01-21T10:30:00Z")
MEANINGS |= {"currency": "EUR"}

# The texts that the document's own formats stand for.
HOSTS = st.sampled_from(["https://example.com", "http://n8n.example.com:5678", "HTTPS://a.example", N8N.url])
PATHS = st.sampled_from(["", "/", "/a/b", "/a?b=c", "/%20#x"])
schemathesis.openapi.format("http-url", st.tuples(HOSTS, PATHS).map("".join))
schemathesis.openapi.format("email-address", st.integers(0, 10**9).map(lambda number: f"person{number}@example.com"))
schemathesis.openapi.format("day-or-time", st.sampled_from(["2025-01-21", "2025-01-21T10:30:00Z", "2025-01-21T10:30:00.5+02:00"]))
schemathesis.openapi.format("network", st.sampled_from(["203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "::1", "0.0.0.0/0"]))
schemathesis.openapi.format("json", st.sampled_from(['{"a": 1}', "[]", "{}"]))


@schemathesis.auth()
class Caller:
    """An API key; a session where only a person may."""

    def get(self, case: schemathesis.Case, context: Any) -> dict[str, str]:
        if case.operation.definition.raw["operationId"] in SESSION_ONLY:
            return {"Authorization": f"Bearer {WORLD.session()}"}
        return {"X-API-Key": WORLD.key}

    def set(self, case: schemathesis.Case, data: dict[str, str], context: Any) -> None:
        case.headers = {**(case.headers or {}), **self.get(case, context)}


def existing(operation: str, path: str) -> dict[str, Any]:
    """Path parameters that name what is there."""
    if operation in ("docs_file", "openapi_of_dialect", "get_token_usage_stats", "list_token_usage_records", "list_installed_workflows") or "/n8n/nodes/" in path:
        return {"file": "b.json" if operation == "openapi_of_dialect" else "swagger-ui.css", "workflow_id": "abc123", "installation_id": WORLD.installation, "kind": "payload-review"}
    if operation == "delete_chat_message":
        logged = WORLD.logged()
        return {"id": logged["session"]["id"], "message_id": logged["id"]}
    if operation in ("get_file", "put_file"):
        return {"token": WORLD.file() if operation == "get_file" else WORLD.upload()["token"]}
    makers = {"/api/alerts/": WORLD.alert, "/api/budgets/": WORLD.budget, "/api/installs/": WORLD.another_installation,
              "/api/payloads/": WORLD.payload, "/api/media/": WORLD.media, "/api/collections/": WORLD.collection,
              "/api/leads/": WORLD.lead, "/api/invoices/": WORLD.invoice, "/api/notifications/": WORLD.notification,
              "/api/chats/": WORLD.chat, "/api/lead-statuses/": WORLD.status, "/api/lead-custom-fields/": WORLD.custom_field,
              "/api/v1/api_keys/": WORLD.api_key, "/api/v1/projects/": WORLD.project, "/api/v1/team_members/": WORLD.member, "/api/groups/": WORLD.group}
    return {"id": next(make for prefix, make in makers.items() if path.startswith(prefix))()}


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Bytes that were made up are no picture; the type `file` alone takes whatever it is."""
    if isinstance(body, dict) and "file" in body and "media_type" in body:
        body["media_type"] = "file"
    return body


@schemathesis.hook
def filter_case(context: Any, case: schemathesis.Case) -> bool:
    """Blanks around a text are taken off before it is judged, and a text of which nothing can be seen is none. No pattern says
    so: such a text may be right after all."""
    if case.meta is None:
        return True
    if case.meta.generation.mode.is_positive:
        return True
    sent = [part for part in (case.body, case.query) if isinstance(part, dict)]
    texts = [value for part in sent for value in part.values() if isinstance(value, str)]
    return all(text == text.strip() and not (text and is_unseen(text)) for text in texts)


def is_unseen(text: str) -> bool:
    """More than what Baton takes for nothing (Default_Ignorable_Code_Point), which this language does not know."""
    return all(char.isspace() or unicodedata.category(char) in ("Cf", "Mn", "Cn") or char in "\u115f\u1160\u3164\uffa0" for char in text)


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: Any) -> None:
    if case.operation.path.startswith("/v1"):
        # Several documents have these paths, and a request without a credential says nothing of which it means.
        case.headers = {**(case.headers or {}), "X-Api-Dialect": DIALECT}
    if case.meta is None:
        return
    if not case.meta.generation.mode.is_positive:
        if isinstance(case.body, dict) and (case.media_type or "").startswith("multipart/"):
            # Every value of a form is text, so that most wrong ones are right: this is surely wrong.
            case.body = {"title": "x"}
        return
    operation = case.operation.definition.raw["operationId"]
    turns[operation] += 1
    # Every other request is about something that exists.
    real = turns[operation] % 2 == 1
    if case.path_parameters and real:
        there = existing(operation, case.operation.path)
        case.path_parameters = {name: there.get(name, value) for name, value in case.path_parameters.items()}
    if operation == "put_file" and real:
        case.body = FILE
    if isinstance(case.query, dict):
        fit_query(operation, case.query, real)
    if operation == "connect_n8n_node" and not isinstance(case.body, dict):
        # Nothing at all is enough where there is one installation; here are two.
        case.body, case.media_type = {}, "application/json"
    if operation == "confirm_second_factor" and isinstance(case.body, dict):
        bearer, case.body["code"] = WORLD.beginner()
        case.headers = {**(case.headers or {}), "Authorization": bearer}
    if operation == "delete_second_factor":
        case.headers = {**(case.headers or {}), "Authorization": WORLD.enrolled()}
    if isinstance(case.body, dict):
        fit(operation, case.body, real)


def fit_query(operation: str, query: dict[str, Any], real: bool) -> None:
    # Cursors are opaque: none can be made up.
    query.pop("move_to", None)
    for name in ("cursor", "group_id", "reassign_to", "status") if operation != "list_invoices" else ("cursor", "group_id"):
        query.pop(name, None)
    if operation == "get_n8n_node":
        query["installation_id"] = WORLD.installation
    if query.get("page"):  # with the limit it reaches only so far
        query["page"] = 0
    if query.get("email"):
        query["email"] = "person@example.com"
    if query.get("base_url"):
        query["base_url"] = "http://host.docker.internal:8080"
    for name in ("limit", "per_page"):  # the pattern lets nought through, however it is written
        if not str(query.get(name, "1")).strip("+-0."):
            query[name] = 1
    for name in ("from", "to"):
        if query.get(name):
            query[name] = "2025-01-21"
    if "workflow_id" in query:
        query["workflow_id"] = "abc123"
    if query.get("execution"):
        for name in ("from", "to", "model"):
            query.pop(name, None)


def fit(operation: str, body: dict[str, Any], real: bool) -> None:
    """Makes the fields of a body agree with what is there and with each other."""
    for name, value in MEANINGS.items():
        if isinstance(body.get(name), str) and body[name]:
            body[name] = value
    if real:
        for name, value in {"installation_id": WORLD.installation, "nid": WORLD.nid, "workflow_id": "abc123"}.items():
            if name in body:
                body[name] = value
        for name in ("group_id", "lead_id", "collection_id"):
            body.pop(name, None)
    if body.get("resume_url"):
        body["resume_url"] = f"{N8N.url}/webhook-waiting/551"
        body["installation_id"] = WORLD.installation
    if body.get("resume_headers"):
        body["resume_headers"] = {"x-wait": "open"}
    for name in body:
        if name.endswith("_per_million"):
            body[name] = 1.5
    if operation in ("create_alert", "update_alert"):
        for name in ("of_last", "within_minutes", "after_minutes"):
            body.pop(name, None)
        body["failures"] = 3
        if operation == "create_alert":
            body["kind"] = "failing"
            WORLD.make_room("/api/alerts", "alerts")
    elif operation in ("create_budget", "update_budget"):
        body.update(amount=10, thresholds=[50, 80, 100], period="day")
        if operation == "create_budget":
            body["scope"] = "organization"
            body.pop("workflow_id", None)
            WORLD.make_room("/api/budgets", "budgets")
    elif operation == "create_media_upload":
        body["bytes"] = len(FILE)
        if body.get("content_type"):
            body["content_type"] = "text/plain"
    elif operation in ("set_model_price", "reprice_token_usage") and body.get("from"):
        body["from"] = "2025-01-21"
    if operation in ("create_lead", "update_lead", "change_leads") and body.get("status") not in (None, ""):
        body["status"] = "New"
    if operation == "update_lead":
        # Other fields must be custom ones, and the document does not know what an organization calls those.
        for name in body.keys() - LEAD_FIELDS:
            del body[name]
    if operation == "change_leads":
        body["status"] = "New"
        body["ids"] = body["ids"] if isinstance(body["ids"], list) else "[101]"
    if operation in ("approve", "deny", "regenerate") and (real or operation == "regenerate"):
        body.update(entity_id=WORLD.payload(), entity_type="custom_payload")
    elif operation == "record_token_usage":
        for name in ("cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens"):
            body.pop(name, None)
        body.pop("n8n_base_url", None)
        body["installation_id"] = WORLD.installation
    elif operation == "trigger_webhook":
        body["endpoint"] = f"{N8N.url}/webhook/start" if real else f"{N8N.url}/webhook/of/nobody"
    elif operation == "register_installation":
        body["instance_id"] = "another"
        body["host"] = N8N.url
        body["api_key"] = "n8n-api-key"
        body.pop("webhook_url", None)
    elif operation == "set_lead_view":
        body["columns"] = ["first_name", {"key": "email"}]
    elif operation == "create_lead_custom_field":
        body.pop("options", None)
        if body["field_type"] == "select":
            body["options"] = ["Small", "Large"]
        body["required"] = False  # or no lead could be made without it
    elif operation == "update_lead_custom_field":
        body.pop("options", None)
        body["required"] = False
    elif operation == "reorder_lead_statuses":
        body["ids"] = [3, 1]
    elif operation == "connect_n8n_node":
        body.update(installation_id=WORLD.installation, workflow_id="abc123")
        body.pop("base_url", None)
    elif operation in ("admin_login", "create_admin_session", "log_in") and real:
        body.update(username="john.doe@example.com", password=WORLD.password)
    elif operation in ("accept_invitation", "confirm_password_reset"):
        # No schema says how short a password may be.
        body["password"] = PASSWORD
        body["token"] = WORLD.invited()["token"] if operation == "accept_invitation" else WORLD.forgotten()
    elif operation == "delete_second_factor":
        body.clear()
        body["password"] = PASSWORD
    elif operation in ("update_team_member", "invite_team_member"):
        body.pop("group_ids", None)
        if body.get("second_factor"):
            body["second_factor"] = False  # it can only be taken away
    elif operation == "create_api_key":
        for name in ("group_id", "group_ids"):  # those of the run are one organization's, and must fit each other
            body.pop(name, None)
    elif operation == "change_password":
        body.update(current_password=WORLD.password, new_password=next(NEW_PASSWORDS))
    if isinstance(body.get("line_items"), (list, str)):
        body["line_items"] = [{"description": "x", "quantity": 1, "unit_price": 100, "total": 100}]
    if isinstance(body.get("custom_data"), str):
        body["custom_data"] = '{"a": 1}'
    if isinstance(body.get("data"), str):
        body["data"] = '{"a": 1}'


@schemathesis.hook
def after_call(context: Any, case: schemathesis.Case, response: Any) -> None:
    operation = case.operation.definition.raw["operationId"]
    seen.setdefault(operation, Counter())[response.status_code] += 1
    if response.status_code < 300 and operation in ("log_out", "change_password"):
        WORLD.token = None
        if operation == "change_password":
            WORLD.password = case.body["new_password"]
    with open(os.environ["BATON_RUN_SEEN"], "w", encoding="utf-8") as file:
        json.dump(seen, file)


def in_own_words(dialect: str, status: int, body: dict[str, Any]) -> None:
    if dialect == "b":
        assert body["success"] is False and body["error"]["code"].isupper() and body["error"]["message"] and body["error"]["details"]
    elif dialect == "d":
        assert body["status"] is False and body["statusCode"] == status and body["message"] and body["error"] and body["code"]
        assert status != 400 or body["code"] != "validation_failed" or body["errors"]
    else:
        assert body["detail"] and body["code"]


@schemathesis.check
def errors_keep_their_form(ctx: Any, response: Any, case: schemathesis.Case) -> None:
    """Every error, documented for the operation or not, has its dialect's envelope; every 429 says when and how much."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    path = case.operation.path
    body = response.json()
    assert isinstance(body, dict), f"{response.status_code}: the body is no object"
    if path.startswith("/v1") or path == "/api/workflows":
        in_own_words(DIALECT, response.status_code, body)
    elif path in ("/api/trigger-webhook", "/api/poll-execution") or path.startswith("/api/token-usage"):
        assert body["status"] == "error" and body["code"] and body["message"]
    elif path.startswith(("/api", "/automation")) and not path.startswith("/api/v1"):
        assert body["success"] is False and body["code"] and body["error"] == body["message"]
    else:
        assert body["error"] and body["message"]
    assert response.status_code != 422 or body.get("errors") or DIALECT in "be"
    assert "x-request-id" in response.headers
    if response.status_code in (429, 503):
        assert int(response.headers["retry-after"][0]) >= 1
    if response.status_code == 429:
        limit, left, reset = (int(response.headers[f"x-ratelimit-{name}"][0]) for name in ("limit", "remaining", "reset"))
        assert limit > 0 and left == 0 and reset > 1_700_000_000

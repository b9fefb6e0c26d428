"""Sets the stage: one n8n, one Baton, the workflow files imported and active.

One rule: do what the README asks of a user (credentials by name, the values of the `Config` node), and nothing else."""

import json
from pathlib import Path
from typing import Any

import procs
from baton import Baton
from model import ChatModel
from n8n import N8n, must

WORKFLOWS = Path(__file__).resolve().parent / "workflows"


class Stage:
    def __init__(self, version: str, binary: Path, folder: Path):
        self.n8n, self.baton, self.model = N8n(version, folder), Baton(binary, folder), ChatModel()
        self.installation_id = 0
        self.header_auth: dict[str, str] = {}
        self.header_auth_name = "X-API-Key"
        self.workflows: dict[str, str] = {}  # file name without .json -> n8n's workflow id
        self.paths: dict[str, str] = {}  # the same -> webhook path

    def set_up(self) -> None:
        self.model.start()
        self.n8n.start()
        self.n8n.set_up()
        self.baton.start()
        self.baton.create_organization()
        self.installation_id = self.register()
        self.header_auth = self.n8n.credential("Baton API key", "httpHeaderAuth", {"name": self.header_auth_name, "value": self.baton.api_key})
        self.n8n.credential("n8n API", "n8nApi", {"apiKey": self.n8n.api_key, "baseUrl": self.n8n.url + "/api/v1"})
        self.n8n.credential("OpenAI", "openAiApi", {"apiKey": "sk-for-tests-only", "url": self.model.url, "header": False})
        for file in sorted(WORKFLOWS.glob("*.json")):
            self.import_file(file)
        # Once more, now that there are workflows to list: the same instance keeps its number.
        again = self.register()
        assert again == self.installation_id, f"registered again as {again}, first as {self.installation_id}"

    def register(self) -> int:
        """Registers n8n by the address that its webhooks have. The API is reached by the same one."""
        answer = self.baton.call("POST", "/api/installs/register", {
            "instance_id": "n8n-proof", "host": self.n8n.relay.url, "api_key": self.n8n.api_key, "title": "n8n of the proof"})
        return int(must(answer, "registration of n8n")["installation_id"])

    def import_file(self, file: Path) -> None:
        workflow = json.loads(file.read_text())
        for node in workflow["nodes"]:
            if node["name"] == "Config":
                fill(node, {"baton_url": self.baton.relay.url, "installation_id": self.installation_id})
        name = file.stem
        self.workflows[name] = workflow_id = self.n8n.import_workflow(workflow)
        [trigger] = [node for node in workflow["nodes"] if node["type"] == "n8n-nodes-base.webhook"]
        path = trigger["parameters"]["path"]
        if "WORKFLOW_ID" in path:
            # n8n gives the id at import, so a user, too, can fill the path only then.
            path = path.replace("INSTALLATION_ID", str(self.installation_id)).replace("WORKFLOW_ID", workflow_id)
            trigger["parameters"]["path"] = path
            self.n8n.replace_workflow(workflow_id, workflow)
        self.paths[name] = path
        self.n8n.activate(workflow_id, path)

    def run(self, name: str, body: Any) -> str:
        """Starts an imported workflow by its own webhook; returns the execution's id."""
        return self.n8n.run(self.paths[name], body)

    def between_cases(self) -> None:
        """Whatever a case broke works again: both servers run, the relays are up and honest."""
        for relay in (self.n8n.relay, self.baton.relay):
            relay.heal()
        if not self.n8n.server.alive():
            self.n8n.start()
        if not self.baton.server.alive():
            self.baton.start()
        self.n8n.relay.up()
        self.baton.relay.up()

    def secrets(self) -> list[str]:
        return [secret for secret in (self.baton.api_key, self.n8n.api_key) if secret]

    def tear_down(self) -> None:
        procs.kill_all()
        for relay in (self.n8n.relay, self.baton.relay):
            relay.heal()
            relay.down()
        self.model.stop()


def fill(config: dict[str, Any], values: dict[str, Any]) -> None:
    for field in config["parameters"]["assignments"]["assignments"]:
        field["value"] = values.get(field["name"], field["value"])

#!/usr/bin/env python3
"""Deploys template.yaml with the functions that infra/build.sh has built on a local stand-in for AWS, and uses what was
deployed as a client, an operator and time itself would: over HTTP, with `baton org create`, through queues and schedules.

    infra/standins/deploy.sh

which starts it with a folder of all programs: every function, and a baton built with `--features aws`. That every function has the rights that it
needs is what the tests hold it to: the stand-in could, but knows no conditions on partitions. Runs with the Python of infra/tools.sh, which brings boto3 and SAM's template reader.
"""

import datetime
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

import boto3
import botocore.exceptions
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parents[2]
STACK = "baton"
REGION = "us-east-1"
CODE = "baton-code"
ACCOUNT = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}


class Deployed:
    def __init__(self, endpoint, programs, name=STACK):
        self.endpoint, self.programs, self.name = endpoint, pathlib.Path(programs), name

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, **ACCOUNT)

    def upload(self):
        """Every function as a zip in a bucket; the template names them there."""
        template = yaml_parse((ROOT / "template.yaml").read_text())
        s3 = self.client("s3")
        if CODE not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=CODE)
        for made in template["Resources"].values():
            if made["Type"] != "AWS::Serverless::Function":
                continue
            name = made["Properties"]["CodeUri"].removeprefix("functions/")
            bootstrap = self.programs / name
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                info = zipfile.ZipInfo("bootstrap")
                info.external_attr = 0o755 << 16
                archive.writestr(info, bootstrap.read_bytes(), zipfile.ZIP_DEFLATED)
            s3.put_object(Bucket=CODE, Key=f"{name}.zip", Body=packed.getvalue())
            made["Properties"]["CodeUri"] = {"Bucket": CODE, "Key": f"{name}.zip"}
        return template

    def create(self, **more):
        template = self.upload()
        values = {"Architecture": "x86_64", "AlarmEmail": "operator@example.com", **more}
        # The transform that CloudFormation runs in AWS, here on our side.
        plain = as_the_stand_in_takes_it(transform(template, {**values, "AWS::Region": REGION}, NoPolicies()))
        cloudformation = self.client("cloudformation")
        # Larger than a request may be, hence by way of the bucket, as `sam deploy` does it too.
        self.client("s3").put_object(Bucket=CODE, Key=f"{self.name}.json", Body=json.dumps(plain).encode())
        cloudformation.create_stack(
            StackName=self.name,
            TemplateURL=f"{self.endpoint}/{CODE}/{self.name}.json",
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        )
        try:
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
        except botocore.exceptions.WaiterError as error:
            events = cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
            failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
            why = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed]
            check(False, "\n".join([str(error), *why]))
        stack = cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        made = {}
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name):
            for resource in page["StackResourceSummaries"]:
                made[resource["LogicalResourceId"]] = resource
        conditions = {"HasAlarmEmail": True, "HasCounts": True}
        conditions |= {f"Makes{what}": not values.get(f"Adopt{what}") for what in ("Table", "Bucket", "Key")}
        wanted = {
            name
            for name, resource in plain["Resources"].items()
            if "Condition" not in resource or conditions.get(resource["Condition"])
        }
        missing = wanted - {name for name, it in made.items() if it["ResourceStatus"] == "CREATE_COMPLETE"}
        check(not missing, f"not created: {sorted(missing)}")
        self.ids = {name: resource["PhysicalResourceId"] for name, resource in made.items()}
        self.functions = [name for name, it in plain["Resources"].items() if it["Type"] == "AWS::Lambda::Function"]
        say(f"created {len(made)} resources")
        if conditions["MakesTable"]:
            # The stand-in's CloudFormation leaves out the one, AWS does not.
            self.client("dynamodb").update_time_to_live(
                TableName=self.outputs["TableName"], TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
            )

    def baton(self, *command, expected=0):
        """What an operator runs on the stack."""
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "BATON_TABLE": self.outputs["TableName"],
            "BATON_BUCKET": self.outputs["BucketName"],
            "BATON_KMS_KEY": self.outputs["KeyArn"],
        }
        done = subprocess.run(
            [self.programs / "baton", *command], env=environment, capture_output=True, text=True, check=False
        )
        check(done.returncode == expected, f"baton {' '.join(command)}: {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout

    def organization(self):
        """As an operator makes it."""
        made = self.baton(
            "org", "create", "Acme", "--admin-email", "jane@acme.example", "--admin-password", "correct horse"
        )
        found = re.search(r"\bbtn_live_\w+", made)
        check(found, "baton org create shows no key")
        self.key = found.group()
        self.org = re.search(r"Organization (\d+)", made).group(1)

    def call(self, method, path, body=None, expected=(200, 201)):
        api = self.ids["Api"]
        request = urllib.request.Request(
            f"{self.endpoint}/_aws/execute-api/{api}/$default{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": self.key, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        check(status in expected, f"{method} {path}: {status} {text[:500]}")
        return json.loads(text or b"null")

    def logs(self):
        logs = self.client("logs")
        group = self.outputs["FunctionLogGroup"]
        events = []
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            events += [event["message"] for event in page["events"]]
        return events


class NoPolicies:
    """The template writes its policies out: SAM's managed ones are not asked for."""

    def load(self):
        return {}


def as_the_stand_in_takes_it(template):
    """It has aliases and no CodeDeploy: they move at once. It has alarms on a metric, and none on what is computed of several."""
    resources = template["Resources"]

    def lacking(name, it):
        computed = it["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in it["Properties"]
        return computed or it["Type"].startswith("AWS::CodeDeploy::") or name == "CodeDeployServiceRole"

    for name in [name for name, it in resources.items() if lacking(name, it)]:
        del resources[name]
    for resource in resources.values():
        resource.pop("UpdatePolicy", None)
    return template


# A public address, because names need not be known where this runs. Nobody answers there.
N8N = "https://93.184.215.14"


def say(text):
    print(text, flush=True)


def check(holds, why):
    if not holds:
        raise SystemExit(f"the deployed stack: {why}")


def eventually(what, seconds, look):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.5)
    raise SystemExit(f"the deployed stack: {what}: not within {seconds} s")


def requests(stack):
    """One route of every function behind the API."""
    call = stack.call
    call("GET", "/health")
    installation = call(
        "POST",
        "/api/installs/register",
        {"instance_id": "n8n-1", "host": N8N, "api_key": "n8n-key", "title": "Production"},
    )["installation_id"]
    used = {"n8n_base_url": N8N, "workflow_id": "wf1", "execution_id": "551", "model_id": "gpt-4"}
    priced = call("POST", "/api/token-usage", {**used, "input_tokens": 399, "output_tokens": 288})
    check("0.02925" in json.dumps(priced), f"a price: {priced}")
    call("GET", "/api/token-usage/wf1/stats")
    pushed = {"installation_id": installation, "workflow_id": "wf1", "execution_data": {"id": "551", "status": "success"}}
    call("POST", "/api/push/executions", pushed)
    bodies = stack.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"]).get("KeyCount")
    check(bodies == 1, f"{bodies} bodies in the bucket")
    nid = call("GET", f"/api/installed/{installation}")["workflows"][0]["nid"]
    polled = call("POST", "/api/poll-execution", {"nid": nid})
    check(polled["status"] == "success", f"a poll: {polled}")
    lead = call("POST", "/api/leads", {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.com"})
    again = call("POST", "/api/leads", {"first_name": "Jane", "last_name": "Doe", "email": "JANE@example.com"})
    check(again["duplicate"] is True, f"a duplicate: {again}")
    call("POST", "/api/leads/bulk", {"action": "update_status", "ids": [lead["id"]], "status": "Qualified"})
    call("GET", "/api/lead-statuses")
    call("POST", "/api/chats/message", {"session_id": "s-1", "role": "user", "content": "Where is my order?"})
    call("GET", "/api/n8n/nodes")
    login = {"username": "jane@acme.example", "password": "correct horse"}
    token = call("POST", "/api/v1/auth/login", login)
    check(token.get("token") or token.get("access_token"), "a login gives no token")
    say("every function behind the API has answered")
    return installation


def decision(stack, installation):
    """n8n cannot be reached from here: the decision stays owed, and the worker behind the queue tries again."""
    made = stack.call(
        "POST",
        "/automation/payload/create",
        {
            "title": "Report",
            "installation_id": installation,
            "workflow_id": "wf1",
            "execution_id": "552",
            "payload": {"a": 1},
            "human_interaction": True,
            "resume_url": f"{N8N}/webhook-waiting/552",
        },
    )["id"]
    decided = stack.call("POST", "/automation/approve", {"entity_id": made, "entity_type": "custom_payload"})
    check(decided["resume_state"] == "pending", f"a decision: {decided}")
    path = f"/api/payloads/{made}"
    eventually("a second attempt by the worker", 60, lambda: stack.call("GET", path)["resume"]["attempts"] >= 2)
    say("a decision that n8n did not hear was tried again by the worker")


def chores(stack):
    item = {"title": "Video", "media_type": "video", "collection_name": "Summer"}
    made = stack.call("POST", "/api/media", item)
    stack.call("DELETE", f"/api/collections/{made['collection_id']}")
    path = f"/api/media/{made['id']}"
    eventually("a deleted collection", 60, lambda: stack.call("GET", path)["collection_id"] is None)
    say("the background worker emptied a deleted collection")


def dead_letters(stack):
    """One message that is no task among nine that are: it alone is set aside."""
    sqs = stack.client("sqs")
    queue, dead = stack.outputs["BackgroundQueueUrl"], stack.outputs["BackgroundDeadUrl"]
    bodies = [json.dumps({"task": "chore", "pk": "T#1#chore", "sk": f"{n:016}", "request_id": "r"}) for n in range(9)]
    entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate([*bodies, "no task"])]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    def depth(url):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())

    eventually("a poisoned message", 90, lambda: depth(dead) == 1 and depth(queue) == 0)
    say("one poisoned message of ten was set aside, the nine were done")


def clock(stack):
    def ticks():
        return [line for line in stack.logs() if '"ticked"' in line]

    lines = eventually("a tick by the schedule", 100, ticks)
    check("OldestDue" in lines[0] and "_aws" in lines[0], f"a tick is no metric: {lines[0]}")
    metrics = [json.loads(line) for line in stack.logs() if '"answered"' in line and line.startswith("{")]
    with_tenant = [line for line in metrics if line.get("tenant") and line.get("WriteUnits")]
    check(with_tenant, "no request says what it cost whom")
    say("the schedule has ticked, and the functions write their metrics")


def rolled_back(stack):
    """A deployment of all functions that is taken back by the operator's own command, without a build."""
    functions, calls = stack.client("lambda"), {name: stack.ids[name] for name in stack.functions}
    time.sleep(1)
    before = datetime.datetime.now(datetime.timezone.utc).isoformat()
    time.sleep(1)
    for function in calls.values():
        functions.update_function_configuration(FunctionName=function, Description="the next release")
        version = functions.publish_version(FunctionName=function)["Version"]
        functions.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
    environment = {**os.environ, "AWS_ENDPOINT_URL": stack.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    command = [sys.executable, ROOT / "infra/rollback.py", stack.name, "--before", before, "--yes"]
    began = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    check(done.returncode == 0 and f"{len(calls)} functions were moved" in done.stdout, done.stdout + done.stderr)
    stands = {functions.get_alias(FunctionName=function, Name="live")["FunctionVersion"] for function in calls.values()}
    check(stands == {"1"}, f"aliases after the rollback: {stands}")
    stack.call("GET", "/health")
    say(f"{len(calls)} functions were taken back within {time.monotonic() - began:.0f} s")


def restores(stack):
    """A payload with a large content, a media item with a file, then the organization are deleted and restored, by the commands
    of docs/OPERATIONS.md. The stand-in restores to no earlier time, so a backup is taken at that time."""
    dynamo, s3 = stack.client("dynamodb"), stack.client("s3")
    table, bucket = stack.outputs["TableName"], stack.outputs["BucketName"]
    content = {"text": "x" * 20_000}
    payload = f"/api/payloads/{stack.call('POST', '/api/payloads', {'title': 'Kept', 'payload': content})['id']}"
    upload = stack.call("POST", "/api/media/uploads", {"file_name": "a.txt", "bytes": 4})

    def put(expected):
        request = urllib.request.Request(upload["url"], method="PUT", data=b"text", headers=upload["headers"])
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        check(status == expected, f"an upload: {status}")

    put(200)
    put(412)
    taken = {"title": "File", "media_type": "file", "upload_id": upload["upload_id"]}
    media = f"/api/media/{stack.call('POST', '/api/media', taken)['id']}"
    backup = dynamo.create_backup(TableName=table, BackupName="then")["BackupDetails"]["BackupArn"]
    then = f"{table}-then"
    dynamo.restore_table_from_backup(TargetTableName=then, BackupArn=backup)
    stack.call("DELETE", payload)
    stack.call("DELETE", media)
    stack.call("GET", payload, expected=(404,))

    def bodies():
        found = s3.list_object_versions(Bucket=bucket, Prefix=f"{stack.org}/")
        return found.get("Versions", []), found.get("DeleteMarkers", [])

    eventually("a deleted file", 60, lambda: len([one for one in bodies()[1] if "/files/" in one["Key"]]) >= 1)
    check(all(mark["Key"] in {one["Key"] for one in bodies()[0]} for mark in bodies()[1]), "a body is gone at once")
    said = stack.baton("--json", "restore", "--org", stack.org, "--from-table", then)
    report = json.loads(said)
    check(report["restored"]["payload"] == 1 and report["bodies"] == 2, f"a restore: {report}")
    check(not bodies()[1], "a body is still on its way out")
    check(stack.call("GET", payload)["payload"] == content, "the restored payload has another content")
    with urllib.request.urlopen(stack.call("GET", media)["download_url"], timeout=60) as answer:
        check(answer.read() == b"text", "the restored file is another")
    again = json.loads(stack.baton("--json", "restore", "--org", stack.org, "--from-table", then))
    check(not again["restored"] and not again["bodies"], f"a second restore did something: {again}")
    say("a deleted payload and a deleted file were restored and read through the API")
    return then, payload, content


def erases(stack, then):
    """Exported, erased, restored on purpose."""
    s3, bucket = stack.client("s3"), stack.outputs["BucketName"]
    with tempfile.TemporaryDirectory() as folder:
        stack.baton("org", "export", stack.org, "--to", f"{folder}/acme")
        exported = pathlib.Path(folder, "acme")
        check(json.loads((exported / "export.json").read_text())["lines"]["org"] == 1, "an export without its organization")
        text = "".join(path.read_text() for path in exported.glob("*.jsonl"))
        check("jane@example.com" in text and "n8n-key" not in text and "sealed_" not in text, "an export with a secret")
        check([path for path in exported.glob("blobs/**/*") if path.is_file()], "an export without bodies")
    stack.baton("org", "delete", stack.org, "--confirm", "Acne", expected=1)
    stack.baton("org", "delete", stack.org, "--confirm", "Acme", "--settle", "1")
    left = s3.list_object_versions(Bucket=bucket, Prefix=f"{stack.org}/")
    check(not left.get("Versions") and not left.get("DeleteMarkers"), f"a body is left: {left}")
    items = stack.client("dynamodb").scan(TableName=stack.outputs["TableName"])["Items"]
    own = [item["pk"]["S"] for item in items if item["pk"]["S"].startswith(f"T#{stack.org}#")]
    check(not own, f"items are left: {own}")
    stack.baton("restore", "--org", stack.org, "--from-table", then, expected=1)
    # Its bodies are gone for good, which the command says and ends with.
    stack.baton("restore", "--org", stack.org, "--from-table", then, "--although-erased", expected=1)
    small = eventually("a key that is there again", 90, lambda: answered(stack, "/api/leads/list"))
    check(small["count"] == 1, f"the restored leads: {small}")
    say("an organization was exported, erased and restored on purpose")


def answered(stack, path):
    found = stack.call("GET", path, expected=(200, 401))
    return found if "count" in found else None


def adopts(stack, then, payload, content):
    """Another stack over the restored table: its functions, alarms and roles are about that one."""
    dynamo = stack.client("dynamodb")
    # Deleted after the time that the table was restored to.
    stack.call("DELETE", payload)
    stack.baton("table", "protect", "--table", then)
    expiry = dynamo.describe_time_to_live(TableName=then)["TimeToLiveDescription"]["TimeToLiveStatus"]
    check(expiry in ("ENABLED", "ENABLING"), f"the expiry of the restored table: {expiry}")
    backups = dynamo.describe_continuous_backups(TableName=then)["ContinuousBackupsDescription"]
    check(backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED", "no recovery")
    described = dynamo.describe_table(TableName=then)["Table"]
    check(described["DeletionProtectionEnabled"], "no protection")
    heir = Deployed(stack.endpoint, stack.programs, "heir")
    heir.create(
        AdoptTable=described["TableArn"], AdoptBucket=stack.outputs["BucketName"], AdoptKey=stack.outputs["KeyArn"]
    )
    check(heir.outputs["TableName"] == then, f"the outputs name {heir.outputs['TableName']}")
    heir.key, heir.org = stack.key, stack.org
    report = json.loads(heir.baton("--json", "restore", "--org", stack.org, "--from-table", then))
    check(not report["restored"] and report["bodies"] == 1, f"the bodies of the adopted table: {report}")
    check(heir.call("GET", payload)["payload"] == content, "the adopted payload has another content")
    heir.call("POST", "/api/payloads", {"title": "New", "payload": {"a": 1}})
    say("another stack has adopted the restored table, the bucket and the key")
    return heir


def erased_again(stack, heir):
    """Whom the table of before knows to be erased is erased in the restored one too."""
    heir.baton("org", "delete", "--again", "--listed-in", stack.outputs["TableName"], "--settle", "1")
    items = stack.client("dynamodb").scan(TableName=heir.outputs["TableName"])["Items"]
    check(not [item for item in items if item["pk"]["S"].startswith(f"T#{stack.org}#")], "who was erased is back")
    say("who was erased is erased again in the restored table")


def main():
    os.environ["AWS_DEFAULT_REGION"] = REGION
    endpoint = os.environ["TEST_AWS_ENDPOINT"]
    stack = Deployed(endpoint, *sys.argv[1:])
    stack.create()
    stack.organization()
    installation = requests(stack)
    decision(stack, installation)
    chores(stack)
    dead_letters(stack)
    clock(stack)
    rolled_back(stack)
    then, payload, content = restores(stack)
    heir = adopts(stack, then, payload, content)
    erases(stack, then)
    erased_again(stack, heir)


if __name__ == "__main__":
    main()

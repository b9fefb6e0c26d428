#!/usr/bin/env python3
"""Makes what the functions keep their data in, on a local stand-in: the table, the queues, the bucket and the key,
exactly as template.yaml has them. Prints their addresses as shell exports.

    eval "$(infra/standins/stack.py http://127.0.0.1:4566)"

Runs with the Python of infra/tools.sh, which brings boto3 and SAM's template reader.
"""

import json
import pathlib
import sys

import boto3
from samtranslator.yaml_helper import yaml_parse

KINDS = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::KMS::Key")
STACK = "baton"
REGION = "us-east-1"


def main(endpoint):
    template = yaml_parse((pathlib.Path(__file__).parents[2] / "template.yaml").read_text())
    resources = {name: made for name, made in template["Resources"].items() if made["Type"] in KINDS}
    for made in resources.values():
        # On conditions, and those are always so here.
        made.pop("Condition", None)
    outputs = {
        "BATON_TABLE": {"Value": {"Ref": "Table"}},
        "BATON_BUCKET": {"Value": {"Ref": "Bucket"}},
        "BATON_KMS_KEY": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}},
        "BATON_QUEUE_URL_POLL_EXECUTIONS": {"Value": {"Ref": "PollExecutionsQueue"}},
        "BATON_QUEUE_URL_RESUME_N8N": {"Value": {"Ref": "ResumeN8nQueue"}},
        "BATON_QUEUE_URL_BACKGROUND": {"Value": {"Ref": "BackgroundQueue"}},
    }
    # CloudFormation's output names have no underscores.
    named = {name.replace("_", ""): output for name, output in outputs.items()}
    said = {part: template[part] for part in ("Parameters", "Conditions")}
    body = json.dumps({**said, "Resources": resources, "Outputs": named})
    cloudformation = boto3.client(
        "cloudformation",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    cloudformation.create_stack(StackName=STACK, TemplateBody=body)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    made = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    values = {output["OutputKey"]: output["OutputValue"] for output in made}
    for name in outputs:
        print(f"export {name}='{values[name.replace('_', '')]}'")
    print(f"export AWS_ENDPOINT_URL='{endpoint}' AWS_REGION={REGION}")
    print("export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test")


if __name__ == "__main__":
    main(sys.argv[1])

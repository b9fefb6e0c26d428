#!/usr/bin/env python3
"""Takes every function of a stack back to the version that it had before the stack's last deployment. Nothing is built and
nothing uploaded: the aliases, by which everything calls the functions, are moved.

    infra/rollback.py baton                   what it would do
    infra/rollback.py baton --yes             does it
    infra/rollback.py baton --before 2026-11-30T12:00:00Z --yes
    infra/rollback.py baton --newest --yes    forward again, to the newest version of each function

Credentials and region come from the environment. Of the table, the queues and the settings of the stack it touches nothing: a version has the
settings that it was published with. Runs with the Python of infra/tools.sh, which brings boto3.
"""

import argparse
import datetime

import boto3

ALIAS = "live"
FUNCTION = "AWS::Lambda::Function"


class Refused(Exception):
    """Nothing was moved."""


def functions(cloudformation, stack):
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    made = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in made if it["ResourceType"] == FUNCTION}


def last_deployment(cloudformation, stack):
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return described.get("LastUpdatedTime") or described["CreationTime"]


def versions(client, function):
    """Number and time of each, oldest first."""
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    all_of_them = [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
    return sorted((int(it["Version"]), moment(it["LastModified"])) for it in all_of_them)


def moment(text):
    found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace("+0000", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)


def target(known, before):
    """The newest version from before that moment, or the newest of all."""
    fitting = [number for number, made in known if before is None or made < before]
    return max(fitting, default=None)


def plan(client, named, before):
    """Where each alias stands and where it is to stand; only those that are to move. All or none: old functions beside new ones are
    what a deployment has for moments, not for days."""
    moves, lacking = [], []
    for logical, function in sorted(named.items()):
        alias = client.get_alias(FunctionName=function, Name=ALIAS)
        wanted = target(versions(client, function), before)
        if wanted is None:
            lacking.append(logical)
        elif str(wanted) != alias["FunctionVersion"] or alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
            moves.append((logical, function, alias["FunctionVersion"], str(wanted)))
    if lacking:
        raise Refused(f"no version from before that of {', '.join(lacking)}: the stack was made then, or its old versions were deleted")
    return moves


def move(client, moves):
    for _, function, _, wanted in moves:
        # Without a second version: a canary under way ends here too.
        client.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=wanted, RoutingConfig={"AdditionalVersionWeights": {}})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack")
    parser.add_argument("--before", type=moment, help="a moment, instead of the stack's last deployment")
    parser.add_argument("--newest", action="store_true", help="forward, to the newest versions")
    parser.add_argument("--yes", action="store_true", help="do it")
    asked = parser.parse_args()
    cloudformation, client = boto3.client("cloudformation"), boto3.client("lambda")
    before = None if asked.newest else asked.before or last_deployment(cloudformation, asked.stack)
    try:
        moves = plan(client, functions(cloudformation, asked.stack), before)
    except Refused as refused:
        raise SystemExit(str(refused)) from None
    for logical, _, current, wanted in moves:
        print(f"{logical}: {current} -> {wanted}")
    if asked.yes:
        move(client, moves)
    print(f"{len(moves)} functions {'were moved' if asked.yes else 'would be moved; --yes does it'}")


if __name__ == "__main__":
    main()

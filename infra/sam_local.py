#!/usr/bin/env python3
"""Writes the template that `sam local` runs: template.yaml, with the functions as they were built, and with the
addresses of a stand-in for AWS where the stack would put those of the table, the queues, the bucket and the key.

    infra/sam_local.py write TARGET.json      the addresses are taken from the environment; infra/sam-local.sh uses it
    infra/sam_local.py check                  reads what it would write as SAM reads it, and says what is missing

Runs with the Python of infra/tools.sh, which brings SAM.
"""

import json
import os
import pathlib
import sys
import tempfile

from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).parents[1]
ROUTE = "AWS::ApiGatewayV2::Route"
INTEGRATION = "AWS::ApiGatewayV2::Integration"
# `sam local` hands a function those variables only that its template names.
EVERYWHERE = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Made of the template's parameters, which SAM knows itself.
PARAMETERS = ("BATON_LOG", "BATON_CORS_ORIGINS", "BATON_DIALECT_HOSTS", "BATON_TRIGGER_LIMIT", "BATON_POLL_LIMIT", "BATON_DEFAULT_PLAN", "BATON_TENANT_RATE", "BATON_TRIGGERS_AT_ONCE", "BATON_TRUSTED_PROXIES", "BATON_STACK")


def template(bootstraps, values):
    """template.yaml as `sam local` needs it. `bootstraps` holds a directory for every function."""
    made = yaml_parse((ROOT / "template.yaml").read_text())
    every = made["Globals"]["Function"]
    variables_of(every).update((name, values[name]) for name in EVERYWHERE)
    every.pop("LoggingConfig")
    made["Parameters"]["Architecture"]["Default"] = values["ARCHITECTURE"]
    for function in functions(made).values():
        properties = function["Properties"]
        properties["CodeUri"] = str(bootstraps / pathlib.Path(properties["CodeUri"]).name)
        # Built already.
        function.pop("Metadata")
        variables = variables_of(properties)
        variables.update((name, values[name]) for name in variables if name in values)
    shared = variables_of(every)
    shared.update((name, values[name]) for name in shared if name in values)
    # It knows functions and no aliases.
    for resource in made["Resources"].values():
        if resource["Type"] == INTEGRATION:
            function = resource["Properties"]["IntegrationUri"]["Ref"].removesuffix(".Alias")
            resource["Properties"]["IntegrationUri"] = {"Fn::GetAtt": [function, "Arn"]}
    return made


def functions(made):
    return {name: it for name, it in made["Resources"].items() if it["Type"] == "AWS::Serverless::Function"}


def variables_of(properties):
    return properties.get("Environment", {}).get("Variables", {})


def check():
    """Whether SAM, by its own reading, serves every route and hands every function what it needs."""
    source = yaml_parse((ROOT / "template.yaml").read_text())
    shared = variables_of(source["Globals"]["Function"])
    needs = {
        name: [
            variable
            for variable, value in {**shared, **variables_of(it["Properties"])}.items()
            if isinstance(value, dict) and variable not in PARAMETERS
        ]
        for name, it in functions(source).items()
    }
    names = {*EVERYWHERE, *(variable for each in needs.values() for variable in each)}
    values = {name: f"here-{name}" for name in names} | {"ARCHITECTURE": "x86_64"}
    with tempfile.TemporaryDirectory() as work:
        file = pathlib.Path(work) / "template.json"
        file.write_text(json.dumps(template(pathlib.Path(work), values)))
        stacks, _ = SamLocalStackProvider.get_stacks(str(file))
        routes = ApiProvider(stacks).routes
        handed = {it.name: it.environment["Variables"] for it in SamFunctionProvider(stacks).get_all()}

    keys = [it["Properties"]["RouteKey"] for it in source["Resources"].values() if it["Type"] == ROUTE]
    wanted = {(verb, path) for key in keys if key != "$default" for method, path in [key.split(" ")] for verb in verbs(method)}
    complain(wanted - {(method, it.path) for it in routes for method in it.methods}, "SAM does not serve")
    complain({it.function_name for it in routes} - set(handed), "routes of no function")
    complain(set(needs) ^ set(handed), "not the template's functions")
    lacking = {
        f"{name} {variable}"
        for name, variables in needs.items()
        for variable in [*EVERYWHERE, *variables]
        if handed[name].get(variable) != values[variable]
    }
    complain(lacking, "not handed over")
    print(f"sam local: {len(keys)} rows, {len(handed)} functions")


def verbs(method):
    """The methods that a row is for, as SAM writes them out."""
    return ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] if method == "ANY" else [method]


def complain(these, what):
    if these:
        raise SystemExit(f"{what}: {sorted(these)}")


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check()
    elif sys.argv[1:2] == ["write"] and len(sys.argv) == 3:
        made = template(pathlib.Path(os.environ["BOOTSTRAPS"]), os.environ)
        pathlib.Path(sys.argv[2]).write_text(json.dumps(made, indent=1))
    else:
        raise SystemExit(__doc__)

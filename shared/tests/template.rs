//! The deployment template says the same as the code: routes, functions, queues, table, settings.
//!
//! It is read as text, line by line: a template that is written otherwise fails here and is not misread.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use shared::{
    http::{
        dialect::{A, HOUSE},
        routes::{ROUTES, Route},
    },
    queue::{QueueName, limits},
    store::attr,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn template() -> String {
    fs::read_to_string(root().join("template.yaml")).unwrap()
}

/// `token-usage` → `TokenUsage`.
fn logical(directory: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    directory.split('-').map(capital).collect()
}

fn directories() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// The lines of each resource, by its logical id.
fn resources() -> BTreeMap<String, String> {
    let text = template();
    let (_, resources) = text.split_once("\nResources:\n").unwrap();
    let (resources, _) = resources.split_once("\nOutputs:\n").unwrap();
    let mut found = BTreeMap::new();
    let mut name = String::new();
    for line in resources.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if line.starts_with("  ") && !line.starts_with("   ") {
            name = line.trim().split(':').next().unwrap().to_owned();
        }
        let lines: &mut String = found.entry(name.clone()).or_default();
        lines.push_str(line);
        lines.push('\n');
    }
    found
}

/// What stands between two marks, the first time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(found, _)| found)
}

/// The rows of the gateway: what each matches, and the function behind it.
fn rows() -> Vec<(String, String)> {
    let routes = resources().into_values().filter(|text| text.contains("AWS::ApiGatewayV2::Route"));
    routes
        .map(|text| {
            let key = between(&text, "RouteKey: ", ", Target").unwrap().trim_matches('"').to_owned();
            (key, between(&text, "integrations/${", "Http}").unwrap().to_owned())
        })
        .collect()
}

/// How well a row's path matches a request's: more is better, none is not at all. As API Gateway does it: segment by segment,
/// a word before a variable, and whatever is written out before `{proxy+}`, which takes one segment or more
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>).
fn fit(row: &str, path: &str) -> Option<usize> {
    let (mut row, mut path) = (row.split('/'), path.split('/'));
    let mut fit = 0;
    loop {
        match (row.next(), path.next()) {
            (None, None) => return Some(fit + 1),
            (Some("{proxy+}"), Some(rest)) if !rest.is_empty() => return Some(fit),
            (Some(word), Some(sent)) if word == sent => fit += 10,
            (Some(variable), Some(_)) if variable.starts_with('{') && variable != "{proxy+}" => fit += 5,
            _ => return None,
        }
    }
}

/// The function that API Gateway hands a path to.
fn function_of(rows: &[(String, String)], path: &str) -> String {
    let fitting = rows.iter().filter_map(|(key, function)| {
        let fit = fit(key.strip_prefix("ANY ")?, path)?;
        Some((fit, function))
    });
    let default = || rows.iter().find(|(key, _)| key == "$default").map(|(_, function)| function).unwrap();
    fitting.max_by_key(|(fit, _)| *fit).map_or_else(default, |(_, function)| function).clone()
}

#[test]
fn every_route_goes_to_its_function() {
    let rows = rows();
    for route in ROUTES {
        let path = route.path.replace(['{', '}'], "");
        assert_eq!(function_of(&rows, &path), logical(route.function), "{}", route.operation);
    }
    // A row of one method would leave the others, HEAD and OPTIONS among them, to somebody else.
    assert!(rows.iter().all(|(key, _)| key == "$default" || key.starts_with("ANY /")), "{rows:?}");
    let used: BTreeSet<_> = ROUTES.iter().map(|route| logical(route.function)).collect();
    assert_eq!(rows.into_iter().map(|(_, function)| function).collect::<BTreeSet<_>>(), used);
}

#[test]
fn a_row_matches_as_api_gateway_does_it() {
    for (row, path, matches) in [
        ("/api/leads", "/api/leads", true),
        ("/api/leads/{proxy+}", "/api/leads", false),
        ("/api/leads/{proxy+}", "/api/leads/", false),
        ("/api/leads/{proxy+}", "/api/leads/1/x", true),
        ("/api/{proxy+}", "/apis/leads", false),
    ] {
        assert_eq!(fit(row, path).is_some(), matches, "{row} {path}");
    }
    let longer = fit("/api/leads/{proxy+}", "/api/leads/1") > fit("/api/{proxy+}", "/api/leads/1");
    assert!(longer && fit("/api/leads", "/api/leads") > fit("/api/{proxy+}", "/api/leads"));
}

/// CloudFormation takes 500 in a stack, of which the five documents are to take 400 at the most, with 26 functions for HTTP (DESIGN §12).
/// Document 000 and what holds for all are 134; each group that it has not takes a function, its role, its integration and its rows.
#[test]
fn the_stack_stays_far_from_its_ceiling() {
    const OF_A_GROUP: usize = 6;
    // Beside its groups: the gateway, queues, store, logs, alarms.
    const OF_THE_HOUSE: usize = 134;
    // What document 000 has asked for, some of which later documents speak to as well.
    const FIRST: [&str; 2] = ["meta", "sessions"];
    let of_later = |route: &&Route| ![A.letter, HOUSE.letter].contains(&route.dialect.letter);
    let later: BTreeSet<_> = ROUTES.iter().filter(of_later).map(|route| route.function).collect();
    let more = later.iter().filter(|function| !FIRST.contains(function)).count();
    let all: BTreeSet<_> = ROUTES.iter().map(|route| route.function).collect();
    let resources = resources().len();
    assert!(
        resources <= OF_THE_HOUSE + more * OF_A_GROUP,
        "{resources} resources with {more} groups of later documents"
    );
    assert!(OF_THE_HOUSE + (26 + more - all.len()) * OF_A_GROUP <= 400);
}

/// API Gateway calls a function by the one role, and that role may call those alone.
#[test]
fn the_gateway_may_call_the_functions_that_it_has_rows_for() {
    let resources = resources();
    let allowed: BTreeSet<_> = resources["ApiRole"]
        .lines()
        .filter_map(|line| between(line, "- !Ref ", ".Alias").map(str::to_owned))
        .collect();
    assert_eq!(allowed, rows().into_iter().map(|(_, function)| function).collect());
    for function in &allowed {
        let integration = &resources[&format!("{function}Http")];
        assert!(integration.contains("CredentialsArn: !GetAtt ApiRole.Arn"), "{function}");
        assert!(integration.contains(&format!("IntegrationUri: !Ref {function}.Alias")), "{function}");
    }
}

#[test]
fn every_directory_is_a_function_with_a_role() {
    let resources = resources();
    let built: BTreeSet<_> = resources
        .iter()
        .filter(|(_, text)| text.contains("AWS::Serverless::Function"))
        .map(|(name, text)| {
            let directory = between(text, "CodeUri: functions/", "\n").unwrap().to_owned();
            assert_eq!(*name, logical(&directory));
            assert!(text.contains(&format!("BuildProperties: {{ Binary: {directory} }}")), "{name}");
            assert!(text.contains(&format!("Role: !GetAtt {name}Role.Arn")), "{name}");
            assert!(resources.contains_key(&format!("{name}Role")), "{name}");
            directory
        })
        .collect();
    assert_eq!(built, directories());
}

/// A role that may do more than its function is told of, or less, is a mistake on one side or the other.
#[test]
fn rights_and_addresses_come_together() {
    let mut pairs = vec![
        ("BATON_BUCKET", vec!["s3:PutObject".to_owned(), "s3:DeleteObject".to_owned()]),
        ("BATON_KMS_KEY", vec!["kms:GenerateDataKey".to_owned(), "kms:Decrypt".to_owned()]),
    ];
    pairs.extend(
        QueueName::ALL.map(|queue| {
            (queue.spec().address, vec![format!("!GetAtt {}Queue.Arn", logical(queue.as_str()))])
        }),
    );
    let resources = resources();
    for directory in directories() {
        let name = logical(&directory);
        let (function, role) = (&resources[&name], &resources[&format!("{name}Role")]);
        for (variable, rights) in &pairs {
            let may = rights.iter().any(|right| role.contains(right.as_str()));
            assert_eq!(function.contains(*variable), may, "{name}: {variable}");
        }
        let main = fs::read_to_string(root().join("functions").join(&directory).join("src/main.rs")).unwrap();
        for (engine, variable) in
            [("blobs", "BATON_BUCKET"), ("sealer", "BATON_KMS_KEY"), ("queue", "BATON_QUEUE_URL_")]
        {
            assert_eq!(
                main.contains(&format!("fit::{engine}")),
                function.contains(variable),
                "{name}: {engine}"
            );
        }
        assert!(role.contains("!GetAtt Table.Arn"), "{name}");
        assert!(!role.contains("Resource: \"*\"") && !role.contains(":*"), "{name}");
    }
}

/// Who calls a function past its alias calls what was deployed last, whatever a rollback said.
#[test]
fn nothing_calls_a_function_but_its_alias() {
    let template = template();
    let globals = between(&template, "\nGlobals:\n", "\nResources:\n").unwrap();
    assert!(globals.contains("    AutoPublishAlias: live\n"));
    for directory in directories() {
        // Without it a new setting is no new version, and the alias goes on with the old one. Not among the globals, where cfn-lint
        // does not know it.
        let function = &resources()[&logical(&directory)];
        assert!(function.contains("      AutoPublishAliasAllProperties: true\n"), "{directory}");
        let version = between(function, "VersionDescription: !Sub \"", "\"\n").unwrap();
        for setting in parameters(globals).into_iter().chain(parameters(function)) {
            // Too long for a description, which takes 256 characters.
            let revised = ["CorsOrigins", "DialectHosts", "TrustedProxies"].contains(&setting)
                || setting.starts_with("Adopt");
            let said = version.contains(&format!("${{{setting}}}"));
            assert!(revised || said, "{directory}: a new {setting} would be no new version");
        }
        let past = format!("!GetAtt {}.Arn", logical(&directory));
        assert!(!template.contains(&past), "{past}");
    }
    // What an alarm rings for while a version takes over is there, and CodeDeploy takes ten.
    let alarms = between(&template, "HasRolloutAlarms\n", "- [!Ref AWS::NoValue]").unwrap();
    let alarms: Vec<_> =
        alarms.lines().filter_map(|line| line.split_once("!Ref ")).map(|(_, name)| name).collect();
    assert!((1..=10).contains(&alarms.len()), "{alarms:?}");
    assert!(alarms.iter().all(|alarm| resources().contains_key(*alarm)), "{alarms:?}");
}

/// The stack's parameters in the variables of functions.
fn parameters(text: &str) -> Vec<&str> {
    let variables = text.lines().filter_map(|line| line.trim_start().strip_prefix("BATON_"));
    let refs = variables.filter_map(|line| line.rsplit_once("!Ref ")).map(|(_, name)| name);
    let known =
        |name: &&str| !["Table", "Bucket", "AWS::StackName"].contains(name) && !name.ends_with("Queue");
    let public = text.contains("!Ref PublicUrl").then_some(["PublicUrl", "Domain"]).into_iter().flatten();
    refs.map(|name| name.trim_end_matches([']', ',']))
        .filter(known)
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .chain(public)
        .collect()
}

/// Nodes are pasted elsewhere and live long: what writes them must know the API's own address.
#[test]
fn the_api_knows_its_public_address() {
    let address = "BATON_PUBLIC_URL: !If [HasPublicUrl, !Ref PublicUrl, !If [HasDomain, !Sub \"https://${Domain}\", !GetAtt Api.ApiEndpoint]]";
    assert!(resources()["N8nNodes"].contains(address));
}

fn seconds(text: &str, field: &str) -> Option<u64> {
    between(text, field, "\n")?.trim().parse().ok()
}

/// What the template says of a queue is what the table of queues says.
#[test]
fn every_queue_has_its_worker_and_its_dead_letters() {
    let resources = resources();
    for queue in QueueName::ALL {
        let (spec, name) = (queue.spec(), logical(queue.as_str()));
        let (worker, text) = (&resources[&name], &resources[&format!("{name}Queue")]);
        assert!(worker.contains(&format!("Queue: !GetAtt {name}Queue.Arn")), "{name}");
        assert!(worker.contains("FunctionResponseTypes: [ReportBatchItemFailures]"), "{name}");
        assert_eq!(seconds(worker, " Timeout:"), Some(spec.work_time.as_secs()), "{name}");
        assert_eq!(seconds(text, "VisibilityTimeout:"), Some(spec.visibility().as_secs()), "{name}");
        let at_once = format!("ScalingConfig: {{ MaximumConcurrency: {} }}", spec.at_once);
        assert!(worker.contains(&at_once), "{name}");
        let redrive =
            format!("deadLetterTargetArn: !GetAtt {name}Dead.Arn, maxReceiveCount: {}", limits::MAX_RECEIVES);
        assert!(text.contains(&redrive), "{name}");
        // Waived in .checkov.yaml for these reasons.
        let dead = &resources[&format!("{name}Dead")];
        assert!([text, dead].iter().all(|queue| queue.contains("SqsManagedSseEnabled: true")), "{name}");
    }
    let queues = |text: &&String| text.contains("AWS::SQS::Queue");
    assert_eq!(
        resources.values().filter(queues).count(),
        2 * QueueName::ALL.len(),
        "queues that the table lacks"
    );
}

#[test]
fn every_queue_is_watched() {
    let resources = resources();
    let dashboard = &resources["Dashboard"];
    for queue in QueueName::ALL {
        let (spec, name) = (queue.spec(), logical(queue.as_str()));
        for (alarm, metric, of, threshold) in [
            (
                "Dead",
                "ApproximateNumberOfMessagesVisible",
                format!("Value: !GetAtt {name}Dead.QueueName"),
                Some(1),
            ),
            (
                "Late",
                "ApproximateAgeOfOldestMessage",
                format!("Value: !GetAtt {name}Queue.QueueName"),
                Some(spec.late.as_secs()),
            ),
            ("Error", "Errors, Dimensions", format!("Value: !Ref {name} }}"), None),
        ] {
            let text = &resources[&format!("{name}{alarm}Alarm")];
            assert!(text.contains(&format!("MetricName: {metric}")) && text.contains(&of), "{name}{alarm}");
            if threshold.is_some() {
                assert_eq!(seconds(text, "Threshold:"), threshold, "{name}{alarm}");
            }
        }
        for part in ["Queue", "Dead"] {
            assert!(
                dashboard.contains(&format!("${{{name}{part}.QueueName}}")),
                "the dashboard lacks {name}{part}"
            );
        }
    }
}

#[test]
fn the_table_is_the_one_that_the_code_expects() {
    let table = &resources()["Table"];
    let of = |name, kind| format!("{{ AttributeName: {name}, AttributeType: {kind} }}");
    for name in ["pk", "sk", attr::GSI1_PK, attr::GSI1_SK, attr::DUE_SHARD] {
        assert!(table.contains(&of(name, "S")), "{name}");
    }
    assert!(table.contains(&of(attr::DUE_AT, "N")));
    for (hash, range) in [("pk", "sk"), (attr::GSI1_PK, attr::GSI1_SK), (attr::DUE_SHARD, attr::DUE_AT)] {
        let keys = [
            format!("AttributeName: {hash}, KeyType: HASH"),
            format!("AttributeName: {range}, KeyType: RANGE"),
        ];
        assert!(keys.iter().all(|key| table.contains(key)), "{hash}");
    }
    assert!(table.contains(&format!("NonKeyAttributes: [{}]", attr::DUE_TASK)));
    assert!(
        table
            .contains(&format!("TimeToLiveSpecification: {{ AttributeName: {}, Enabled: true }}", attr::TTL))
    );
}

/// What a failed creation leaves behind would be in the way of the next; what data was in stays, whatever becomes of the stack.
#[test]
fn what_holds_data_outlives_its_stack() {
    let resources = resources();
    for name in ["Table", "Bucket", "Key"] {
        let text = &resources[name];
        assert!(text.contains("    DeletionPolicy: RetainExceptOnCreate\n"), "{name}");
        assert!(text.contains("    UpdateReplacePolicy: Retain\n"), "{name}");
    }
    // Neither can be added to a key or a table that is there.
    assert!(resources["Key"].contains("      MultiRegion: true\n"));
    assert!(resources["Table"].contains("DeletionProtectionEnabled: true"));
}

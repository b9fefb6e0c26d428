//! Whoever is woken by an alarm finds in docs/OPERATIONS.md what it means and what to do.

use std::{collections::BTreeSet, fs, path::Path};

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

/// The alarms of the template, each with its lines.
fn alarms(template: &str) -> Vec<(&str, &str)> {
    let (_, resources) = template.split_once("\nResources:\n").unwrap();
    let kind = ":\n    Type: AWS::CloudWatch::Alarm\n";
    let starts: Vec<_> = resources.match_indices(kind).map(|(at, _)| at).collect();
    let of = |at: usize| {
        let name = resources[..at].rsplit("\n  ").next().unwrap();
        let lines = resources[at + kind.len()..].split("\n\n").next().unwrap();
        (name, lines)
    };
    starts.into_iter().map(of).collect()
}

/// The parts of the page, by the alarms in their headings.
fn parts(page: &str) -> Vec<(Vec<&str>, &str)> {
    let (_, parts) = page.split_once("\n## Alarms\n").unwrap();
    let parts = parts.split("\n## ").next().unwrap();
    let part = |part| {
        let (heading, text) = str::split_once(part, '\n').unwrap();
        (heading.split(", ").collect(), text)
    };
    parts.split("\n### ").skip(1).map(part).collect()
}

#[test]
fn every_alarm_has_its_part_and_every_part_its_alarm() {
    let (template, page) = (text("template.yaml"), text("docs/OPERATIONS.md"));
    let alarms = alarms(&template);
    assert!(alarms.len() > 20, "{}: they are written otherwise", alarms.len());
    assert_eq!(template.matches("Type: AWS::CloudWatch::Alarm").count(), alarms.len());
    let parts = parts(&page);
    let described: Vec<_> = parts.iter().flat_map(|(names, _)| names).collect();
    let once: BTreeSet<_> = described.iter().map(|name| **name).collect();
    assert_eq!(once.len(), described.len(), "described twice");
    assert_eq!(once, alarms.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>());
    for (names, text) in parts {
        for point in ["**Means**", "**Users notice**", "**Look at**", "**Do**"] {
            assert!(text.to_lowercase().contains(&point.to_lowercase()), "{names:?} says no {point}");
        }
    }
}

#[test]
fn every_alarm_is_sent_and_says_what_it_means() {
    let template = text("template.yaml");
    for (name, lines) in alarms(&template) {
        for action in ["AlarmActions", "OKActions"] {
            let sent = format!("{action}: [!If [HasAlarmEmail, !Ref AlarmTopic, !Ref AWS::NoValue]]");
            assert!(lines.contains(&sent), "{name}: {action}");
        }
        assert!(lines.contains("AlarmDescription: "), "{name}");
        assert!(lines.contains("TreatMissingData: "), "{name}");
    }
}

/// What alarms watch under the namespace `Baton` is what the functions count.
#[test]
fn what_is_watched_is_counted() {
    let (template, emf) = (text("template.yaml"), text("shared/src/lambda/emf.rs"));
    for (name, lines) in alarms(&template) {
        for watched in lines.split("Namespace: Baton").skip(1) {
            let (_, rest) = watched.split_once("MetricName: ").unwrap();
            let metric = rest.split([',', '\n', ' ']).next().unwrap();
            // Made of the API's log by a filter.
            let of_the_log = "!Sub \"${AWS::StackName}-429\"";
            let filtered = rest.starts_with(of_the_log) && template.matches(of_the_log).count() == 2;
            assert!(filtered || emf.contains(&format!("\"{metric}\", ")), "{name}: nobody counts {metric}");
        }
    }
}

/// An absolute number of errors is much for a hundred requests and nothing for a million.
#[test]
fn errors_are_watched_by_their_share() {
    let template = text("template.yaml");
    for (name, lines) in alarms(&template) {
        let share =
            ["5xx", "Errors", "Throttles", "ThrottleEvents"].iter().any(|metric| lines.contains(metric));
        // The clock runs six times in five minutes, whatever the traffic.
        if share && name != "TickErrorAlarm" {
            assert!(lines.contains("100 * ") && lines.contains("IF("), "{name} has no share, or no floor");
        }
    }
}

#[test]
fn production_is_refused_without_somebody_to_alarm() {
    let template = text("template.yaml");
    let (_, rule) = template.split_once("  ProductionIsWatched:\n").unwrap();
    let rule = rule.split("\n\n").next().unwrap();
    assert!(rule.contains("RuleCondition: !Equals [!Ref Stage, production]"), "{rule}");
    assert!(rule.contains("Assert: !Not [!Equals [!Ref AlarmEmail, \"\"]]"), "{rule}");
    assert!(rule.contains("Assert: !Contains [[TRACE, DEBUG, INFO], !Ref LogLevel]"), "{rule}");
    assert!(text("infra/parameters/production.yaml").contains("\nStage: production\n"));
}

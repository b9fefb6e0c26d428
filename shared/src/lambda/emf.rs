//! The lines of [`crate::metrics`] in CloudWatch's Embedded Metric Format: each is a log line that CloudWatch makes metrics
//! of as it comes in. No call is made and nothing is buffered, so that nothing is lost when the environment freezes.

use std::{fmt, io::Write};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use crate::clock::{Clock, SystemClock};

const NAMESPACE: &str = "Baton";

/// The fields that are metrics: field, metric, CloudWatch's unit. All others are there to be searched for.
const METRICS: [(&str, &str, &str); 19] = [
    ("ms", "Duration", "Milliseconds"),
    ("read_units", "ReadUnits", "Count"),
    ("write_units", "WriteUnits", "Count"),
    ("round_trips", "RoundTrips", "Count"),
    ("errors", "Errors", "Count"),
    ("throttled", "Throttled", "Count"),
    ("retried", "MessagesRetried", "Count"),
    ("hopeless", "MessagesHopeless", "Count"),
    ("resumes_told", "ResumesTold", "Count"),
    ("resumes_lost", "ResumesLost", "Count"),
    ("resumes_put_off", "ResumesPutOff", "Count"),
    ("unreadable", "Unreadable", "Count"),
    ("key_errors", "KeyErrors", "Count"),
    ("ticks", "Ticks", "Count"),
    ("sweeps", "Sweeps", "Count"),
    ("due", "Due", "Count"),
    ("sent", "Sent", "Count"),
    ("lagging", "LaggingShards", "Count"),
    ("oldest_due_seconds", "OldestDue", "Seconds"),
];

/// Those that say nothing as long as they are zero. Lines are paid by the byte.
const SILENT: [&str; 6] = ["errors", "throttled", "retried", "hopeless", "ticks", "sweeps"];

/// In every line of a request or a message, and in no other. Those are kept for each function besides; the others one function alone
/// writes, or nobody asks which, and each curve is paid for.
const OF_EACH_FUNCTION: &str = "Duration";

/// Whether a line is one of those that are counted.
pub fn is_metric(meta: &Metadata<'_>) -> bool {
    meta.is_event() && meta.target() == "shared::metrics"
}

/// Writes them.
pub struct Emf<W> {
    /// Dimension of every metric, beside which those of requests and messages are kept for the function too.
    pub stack: String,
    pub function: String,
    pub out: W,
}

impl<S, W> Layer<S> for Emf<W>
where
    S: Subscriber,
    W: Fn(&str) + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !is_metric(event.metadata()) {
            return;
        }
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        (self.out)(&self.line(fields.0, SystemClock.now().0));
    }
}

impl<W> Emf<W> {
    fn line(&self, fields: Map<String, Value>, now: i64) -> String {
        let mut line = Map::new();
        let mut metrics = Vec::new();
        for (name, value) in fields {
            if value == 0 && SILENT.contains(&name.as_str()) {
                continue;
            }
            match METRICS.iter().find(|(field, ..)| *field == name) {
                Some((_, metric, unit)) => {
                    metrics.push(match *unit {
                        // Without one a number is a count to whoever reads it.
                        "Count" => json!({ "Name": metric }),
                        unit => json!({ "Name": metric, "Unit": unit }),
                    });
                    line.insert((*metric).to_owned(), value);
                }
                None => {
                    line.insert(name, value);
                }
            }
        }
        let mut dimensions = vec![json!(["Stack"])];
        if line.contains_key(OF_EACH_FUNCTION) {
            dimensions.push(json!(["Stack", "Function"]));
        }
        line.insert("Stack".into(), self.stack.as_str().into());
        line.insert("Function".into(), self.function.as_str().into());
        // By this Lambda's own filter of levels knows the line.
        line.insert("level".into(), "INFO".into());
        line.insert(
            "_aws".into(),
            json!({
                "Timestamp": now,
                "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics }],
            }),
        );
        Value::Object(line).to_string()
    }
}

/// To standard output, a line at a time.
pub fn to_stdout(line: &str) {
    // A reader that is gone takes the process with it soon enough.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use http::Method;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::{metrics::Answered, store::meter::Reading, tenant::TenantId, work::due::Report};

    /// The lines that some work writes.
    fn lines(work: impl FnOnce()) -> Vec<Value> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let out = {
            let seen = seen.clone();
            move |line: &str| seen.lock().unwrap().push(crate::testing::json(line).unwrap())
        };
        let emf = Emf { stack: "staging".into(), function: "payloads".into(), out };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(emf), work);
        let lines = seen.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn a_request_is_a_line_with_its_cost_and_its_tenant() {
        let [line] = &lines(|| {
            Answered {
                id: "req_1",
                method: &Method::POST,
                route: "/api/payloads/{id}",
                tenant: Some(TenantId(7)),
                status: 503,
                took: Duration::from_millis(12),
                spent: Reading { read_units: 1.5, write_units: 2.0, round_trips: 3 },
            }
            .log();
            tracing::info!("something else");
        })[..] else {
            panic!("one line")
        };
        assert_eq!((&line["tenant"], &line["route"]), (&json!(7), &json!("/api/payloads/{id}")));
        assert_eq!(
            (&line["ReadUnits"], &line["Duration"], &line["Errors"]),
            (&json!(1.5), &json!(12), &json!(1))
        );
        assert_eq!((&line["Stack"], &line["Function"]), (&json!("staging"), &json!("payloads")));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Stack"], ["Stack", "Function"]]));
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        assert_eq!(directive["Metrics"].as_array().unwrap().len(), 5, "nothing was throttled");
    }

    #[test]
    fn a_request_that_went_well_is_a_line_of_less_than_half_a_kilobyte() {
        let found = lines(|| {
            Answered {
                id: "req_1NjTq8sLkWc",
                method: &Method::POST,
                route: "/automation/payload/create",
                tenant: Some(TenantId(244_234_921_702_502)),
                status: 201,
                took: Duration::from_millis(12),
                spent: Reading { read_units: 1.5, write_units: 12.0, round_trips: 3 },
            }
            .log();
        });
        let bytes = found[0].to_string().len();
        assert!(bytes <= 512, "{bytes} bytes: {}", found[0]);
        assert_eq!(found[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 4);
    }

    #[test]
    fn a_tick_tells_the_age_of_the_oldest_debt() {
        let report = Report { due: 3, sent: 3, lagging: 1, oldest: Duration::from_secs(90) };
        let found = lines(|| report.log(true));
        assert_eq!((&found[0]["OldestDue"], &found[0]["LaggingShards"]), (&json!(90), &json!(1)));
        // Each of them is a curve that an idle stack pays for.
        assert_eq!(found[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Stack"]]));
    }

    /// By this an alarm knows that the minute schedule is dead although the sweep comes.
    #[test]
    fn a_tick_and_a_sweep_are_counted_apart() {
        let report = Report { due: 0, sent: 0, lagging: 0, oldest: Duration::ZERO };
        let found = lines(|| {
            report.log(false);
            report.log(true);
        });
        for (line, counted, other) in [(&found[0], "Ticks", "Sweeps"), (&found[1], "Sweeps", "Ticks")] {
            assert_eq!((&line[counted], &line[other]), (&json!(1), &Value::Null));
            let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
            assert!(metrics.iter().any(|metric| metric["Name"] == counted), "{line}");
            assert!(metrics.iter().all(|metric| metric["Name"] != other), "{line}");
        }
    }

    #[test]
    fn what_kms_refuses_is_counted() {
        let found = lines(|| crate::metrics::key_service_failed("ThrottlingException"));
        assert_eq!((&found[0]["KeyErrors"], &found[0]["why"]), (&json!(1), &json!("ThrottlingException")));
    }
}

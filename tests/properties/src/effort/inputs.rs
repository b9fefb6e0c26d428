//! Inputs of about so many bytes: what others send every day, and what is made to cost.

/// A call whose secrets an answer may repeat.
pub(super) const SECRETS: &str = "https://n8n.example.com/webhook-waiting/7?signature=0123456789abcdef&a=aaaaaaaaab&b=aaaaaaaaaac&c=secret-7";

/// Repeats what `part` makes of a number until there are so many bytes.
fn grown(bytes: usize, open: &str, separator: &str, close: &str, part: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = String::with_capacity(bytes + 256);
    text.push_str(open);
    for at in 0.. {
        if text.len() >= bytes {
            break;
        }
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&part(at));
    }
    text.push_str(close);
    text.into_bytes()
}

fn again(bytes: usize, part: &str) -> Vec<u8> {
    part.repeat(bytes / part.len() + 1).into_bytes()
}

pub(super) fn records(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"rows":["#, ",", "]}", |at| {
        format!(
            r#"{{"id":{at},"name":"Ada Lovelace","note":"line\nline","at":"2026-11-30T01:02:03Z","n":[1,2.5,true,null]}}"#
        )
    })
}

pub(super) fn deep(bytes: usize) -> Vec<u8> {
    let mut text = String::from(r#"{"a":"#);
    text.push_str(&"[".repeat(bytes / 2));
    text.push_str(&"]".repeat(bytes / 2));
    text.push('}');
    text.into_bytes()
}

/// One text under the most levels that are taken in, so that each level has it inside.
pub(super) fn nested(bytes: usize) -> Vec<u8> {
    let (open, close) = ("[".repeat(90), "]".repeat(90));
    format!(r#"{{"a":{open}"{}"{close}}}"#, "x".repeat(bytes)).into_bytes()
}

pub(super) fn small_objects(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"a":["#, ",", "]}", |_| r#"{"":0}"#.to_owned())
}

pub(super) fn names(bytes: usize) -> Vec<u8> {
    grown(bytes, "{", ",", "}", |at| format!(r#""name_{at}":"value {at}""#))
}

/// As many fields as a body may have, nearly.
pub(super) fn long_fields(bytes: usize) -> Vec<u8> {
    let value = "x".repeat(bytes / 900 - 10);
    let fields: Vec<String> = (0..900).map(|at| format!(r#""n{at}":"{value}""#)).collect();
    format!("{{{}}}", fields.join(",")).into_bytes()
}

pub(super) fn same_name(bytes: usize) -> Vec<u8> {
    grown(bytes, "{", ",", "}", |_| r#""name":[1]"#.to_owned())
}

pub(super) fn escapes(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"a":""#, "", r#""}"#, |_| r"\u00e9\n\ud83d\ude00".to_owned())
}

pub(super) fn long_numbers(bytes: usize) -> Vec<u8> {
    let digits = "1234567890".repeat(25);
    grown(bytes, r#"{"a":["#, ",", "]}", |_| format!("{digits},0.{digits},{digits}e-200"))
}

pub(super) fn magic(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"a":["#, ",", "]}", |_| r#"{"$serde_json::private::RawValue":"[[[1]]]"}"#.to_owned())
}

const NODES: &str = r#""workflowData":{"nodes":[{"name":"Wait","type":"n8n-nodes-base.wait","parameters":{"resume":"webhook"}}]}"#;

/// An execution whose runs `part` writes: each a member of `runData`.
fn runs(bytes: usize, part: impl Fn(usize) -> String) -> Vec<u8> {
    let open = format!(r#"{{"id":"7","status":"waiting",{NODES},"data":{{"resultData":{{"runData":{{"#);
    grown(bytes, &open, ",", r#"},"lastNodeExecuted":"Wait"}}}"#, part)
}

pub(super) fn chain(bytes: usize) -> Vec<u8> {
    runs(bytes, |at| {
        let before = at.max(1) - 1;
        format!(
            r#""Node {at}":[{{"startTime":{at},"executionTime":1,"executionStatus":"success","source":[{{"previousNode":"Node {before}"}}],"data":{{"main":[[{{"json":{{"id":{at},"usage":{{"input_tokens":{at},"output_tokens":7}}}}}}]]}}}}]"#
        )
    })
}

pub(super) fn passed_on(bytes: usize) -> Vec<u8> {
    runs(bytes, |at| {
        let before = at.max(1) - 1;
        format!(
            r#""n{at}":[{{"startTime":{at},"source":[{{"previousNode":"n{before}"}}],"data":{{"main":[[{{"json":{{"usage":{{"input_tokens":5}}}}}}]]}}}}]"#
        )
    })
}

/// Each run may have come through the three before it, and each count stands there twice, far apart.
pub(super) fn entangled(bytes: usize) -> Vec<u8> {
    let half = bytes / 2 / 180;
    runs(bytes, |at| {
        let (a, b, c) = (at.max(1) - 1, at.max(2) - 2, at.max(3) - 3);
        let count = at % half.max(1) + 1;
        format!(
            r#""n{at}":[{{"startTime":{at},"source":[{{"previousNode":"n{a}"}},{{"previousNode":"n{b}"}},{{"previousNode":"n{c}"}}],"data":{{"main":[[{{"json":{{"usage":{{"input_tokens":{count}}}}}}}]]}}}}]"#
        )
    })
}

/// The same with every input from runs that began later.
pub(super) fn entangled_backwards(bytes: usize) -> Vec<u8> {
    let half = bytes / 2 / 140;
    runs(bytes, |at| {
        let (a, b) = (at + 1, at + 2);
        let count = at % half.max(1) + 1;
        format!(
            r#""n{at}":[{{"startTime":{at},"source":[{{"previousNode":"n{a}"}},{{"previousNode":"n{b}"}}],"data":{{"main":[[{{"json":{{"usage":{{"input_tokens":{count}}}}}}}]]}}}}]"#
        )
    })
}

/// One node with a long name.
pub(super) fn one_node(bytes: usize) -> Vec<u8> {
    let open = format!(r#"{{"id":"7",{NODES},"data":{{"resultData":{{"runData":{{"{}":["#, "n".repeat(2_000));
    grown(bytes, &open, ",", "]}}}}", |_| "{}".to_owned())
}

pub(super) fn flatted(bytes: usize) -> Vec<u8> {
    // 0: all, 1: resultData, 2: runData, 3: runs of a node, 4: a run, 5: its sources, 6: a source, then texts.
    let open = r#"[{"resultData":"1"},{"runData":"2"},{"Node":"3"},["4","4"],{"source":"5","startTime":1},["6"],{"previousNode":"7"},"Node""#;
    grown(bytes, open, "", "]", |at| format!(r#",{{"json":"7"}},["4"],"text {at}""#))
}

pub(super) fn flatted_mentions(bytes: usize) -> Vec<u8> {
    let mentions = vec![r#""4""#; bytes / 8].join(",");
    let large = "x".repeat(bytes / 2);
    format!(r#"[{{"resultData":"1"}},{{"runData":"2"}},{{"Node":"3"}},[{mentions}],{{"{large}":1}}]"#)
        .into_bytes()
}

pub(super) fn half_pairs(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"id":"7","data":{"a":""#, "", r#""}}"#, |_| r"\ud83d ".to_owned())
}

/// All runs began at the moment of creation, and each calls out.
pub(super) fn creators(bytes: usize) -> Vec<u8> {
    let now = super::NOW;
    runs(bytes, |at| {
        let before = at.max(1) - 1;
        format!(r#""n{at}":[{{"startTime":{now},"source":[{{"previousNode":"n{before}"}}]}}]"#)
    })
}

/// A creator, and gates that only lead to each other.
pub(super) fn gates(bytes: usize) -> Vec<u8> {
    let open = format!(
        r#"{{"id":"7","status":"waiting",{NODES},"data":{{"resultData":{{"runData":{{"A":[{{"startTime":1,"source":[{{"previousNode":"B"}}],"data":{{"main":[[{{"json":{{"id":4242424242}}}}]]}}}}],"Wait":["#
    );
    grown(bytes, &open, ",", r#"]},"lastNodeExecuted":"Wait"}}}"#, |at| {
        let before = at.max(1) - 1;
        format!(
            r#"{{"startTime":2,"executionStatus":"success","source":[{{"previousNode":"Wait","previousNodeRun":{before}}}]}}"#
        )
    })
}

pub(super) fn message(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"message":""#, "", r#""}"#, |_| "aaaaaaaaaaa secret ".to_owned())
}

pub(super) fn page(bytes: usize) -> Vec<u8> {
    grown(bytes, "<html>", "", "</html>", |at| format!("<p>{at}</p>"))
}

pub(super) fn repeated_secret(bytes: usize) -> Vec<u8> {
    again(bytes, "aaaaaaaaaaa0123456789abcdef")
}

pub(super) fn task(bytes: usize) -> Vec<u8> {
    grown(bytes, r#"{"task":"resume_n8n","pk":"T#7#"#, "", r#"","sk":"a","request_id":"r"}"#, |_| {
        "a#".to_owned()
    })
}

pub(super) fn letters(bytes: usize) -> Vec<u8> {
    again(bytes, "abcXYZ")
}

pub(super) fn digits(bytes: usize) -> Vec<u8> {
    again(bytes, "0123456789")
}

pub(super) fn dots(bytes: usize) -> Vec<u8> {
    again(bytes, "a.")
}

pub(super) fn dashes(bytes: usize) -> Vec<u8> {
    again(bytes, "gpt-4o-")
}

pub(super) fn cookies(bytes: usize) -> Vec<u8> {
    again(bytes, "baton_sessio=1; ")
}

pub(super) fn slashes(bytes: usize) -> Vec<u8> {
    again(bytes, "//a")
}

pub(super) fn url_path(bytes: usize) -> Vec<u8> {
    grown(bytes, "https://n8n.example.com/", "", "", |_| "../a%2e/".to_owned())
}

pub(super) fn url_query(bytes: usize) -> Vec<u8> {
    grown(bytes, "https://youtu.be/watch?", "&", "", |at| format!("v=%20{at}"))
}

pub(super) fn url_host(bytes: usize) -> Vec<u8> {
    grown(bytes, "https://", ".", ".com/", |at| format!("xn--{at}"))
}

pub(super) fn words(bytes: usize) -> Vec<u8> {
    grown(bytes, "", " ", "", |at| format!("Word{at}"))
}

pub(super) fn short_words(bytes: usize) -> Vec<u8> {
    again(bytes, "a ")
}

/// Letters that become several when they are folded.
pub(super) fn growing(bytes: usize) -> Vec<u8> {
    again(bytes, "İﬃ\u{fdfa} ")
}

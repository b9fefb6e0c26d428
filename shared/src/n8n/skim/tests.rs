//! What is left of executions, real and made up.

use super::*;
use crate::{
    json,
    n8n::wait::{Created, WaitView},
};

fn skim(json: &[u8], ids: &[&str], chunk: usize) -> Result<String, SkimError> {
    let ids: HashMap<String, usize> = ids.iter().map(|id| ((*id).to_owned(), 0)).collect();
    let mut skim = Skim::new(&ids);
    for part in json.chunks(chunk) {
        if !skim.take(part) {
            break;
        }
    }
    skim.finish().map(|kept| String::from_utf8(kept).unwrap())
}

#[test]
fn what_is_left_of_a_real_execution_tells_the_same() {
    let created = Created::new(229_376_000_000_001, Some(1_795_305_935_710));
    for text in
        [include_str!("../fixtures/waiting-2.41.1.json"), include_str!("../fixtures/waiting-2.8.4.json")]
    {
        let whole = WaitView::read(text.as_bytes(), &created);
        for chunk in [1, 7, 64, text.len()] {
            let kept = skim(text.as_bytes(), &["229376000000001"], chunk).unwrap();
            assert_eq!(WaitView::read(kept.as_bytes(), &created), whole, "{kept}");
            assert!(kept.len() * 2 < text.len(), "{}", kept.len());
        }
    }
}

#[test]
fn items_leave_their_wanted_ids_and_keep_their_outputs() {
    let text = r#" {"id":7,"junk":{"a":["]","\"}"]},"data":{"resultData":{"runData":{"A \" b":[{"data":{"main":[null,
        [{"json":{"id":5,"x":"y"}},{"json":{"body":{"entity_id":"6","id":null}}},{"json":{}},{"binary":{}}],[]]}}]}}}} "#;
    for chunk in [1, 5, 1000] {
        assert_eq!(
            skim(text.as_bytes(), &["5", "6"], chunk).unwrap(),
            r#"{"id":7,"data":{"resultData":{"runData":{"A \" b":[{"data":{"main":[null,[{"json":{"id":5}},{"json":{"body":{"entity_id":"6"}}}],[]]}}]}}}}"#
        );
    }
}

#[test]
fn it_takes_as_much_memory_as_there_are_runs_and_no_more() {
    let run =
        |blob: &str| format!(r#"{{"startTime":1,"data":{{"main":[[{{"json":{{"blob":"{blob}"}}}}]]}}}}"#);
    let of = |blob: &str| format!(r#"{{"data":{{"resultData":{{"runData":{{"A":[{}]}}}}}}}}"#, run(blob));
    let (short, long) = (of("x"), of(&"x".repeat(1 << 20)));
    assert_eq!(skim(long.as_bytes(), &[], 4096), skim(short.as_bytes(), &[], 4096));
    let runs = vec![run(""); 500_000].join(",");
    let many = format!(r#"{{"data":{{"resultData":{{"runData":{{"A":[{runs}]}}}}}}}}"#);
    assert_eq!(skim(many.as_bytes(), &[], 1 << 16).err(), Some(SkimError::TooMuch));
}

#[test]
fn what_is_no_execution_is_refused() {
    for text in ["", "<html>", "[1]x", "{", r#"{"id":"7"#, r#"{"data":[}"#, r#"{"id":1}}"#, "1"] {
        assert_eq!(skim(text.as_bytes(), &[], 3), Err(SkimError::NotJson), "{text}");
    }
    for text in ["{}", "\u{feff}{}", r#"{"id":[[["]"]]],"data":7}"#] {
        let kept = skim(text.as_bytes(), &[], 2).unwrap();
        assert!(json::is_json(kept.as_bytes()), "{kept}");
    }
}

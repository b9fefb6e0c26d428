use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

const MAGIC: &str = "$serde_json::private::RawValue";

/// What a text means.
fn tree(text: &str) -> Value {
    stored::<Tree>(text).unwrap().0
}

/// As it is written with `levels` lists around it.
fn nested(levels: usize, inner: &str) -> String {
    format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels))
}

/// Text inside of text, each time under the key that serde_json reads again.
fn bomb(times: usize, levels: usize) -> String {
    (0..times)
        .fold("[]".to_owned(), |inner, _| nested(levels, &format!("{{\"{MAGIC}\":{}}}", Value::from(inner))))
}

#[test]
fn a_key_is_a_key_whatever_it_is_called() {
    for name in [MAGIC, "$serde_json::private::Number"] {
        let text = format!("{{\"{name}\":\"[1,2]\",\"b\":{{\"{name}\":\"not json\"}}}}");
        let Tree(value) = from_str(&text).unwrap();
        assert_eq!(value[name], "[1,2]");
        assert_eq!(value["b"][name], "not json");
        assert_eq!(serde_json::to_string(&value).unwrap().len(), text.len());
        assert_eq!(attributes(&text).unwrap()[name], "[1,2]");
        assert_eq!(super::text(text.as_bytes()).unwrap().root().get(name).unwrap().text().unwrap(), "[1,2]");
        assert_eq!(Json::read(text.as_bytes()).unwrap().as_str(), text);
    }
}

#[test]
fn a_tree_is_safe_where_serde_holds_it_in_between() {
    #[derive(Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: std::collections::BTreeMap<String, Tree>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        #[expect(dead_code, reason = "it is tried first")]
        Number(u64),
        Any(Tree),
    }
    let text = format!("{{\"a\":{{\"{MAGIC}\":\"[\"}},\"n\":18446744073709551615}}");
    let Flat { rest } = from_str(&text).unwrap();
    assert_eq!(rest["a"].0[MAGIC], "[");
    assert_eq!(rest["n"].0, json!(u64::MAX));
    let Either::Any(Tree(any)) = from_str(&text).unwrap() else { panic!("it is no number") };
    assert_eq!(any["a"][MAGIC], "[");
}

/// Each level of text in text would be parsed anew, with a fresh limit: 80 of them were the end of the process.
#[test]
fn text_in_text_is_text() {
    let bomb = bomb(9, 60);
    assert!(super::text(bomb.as_bytes()).is_ok());
    assert!(from_str::<Tree>(&bomb).is_ok());
    let json = Json::read(bomb.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&json).unwrap(), bomb);
}

#[test]
fn what_nests_too_deep_is_called_that_and_nothing_else() {
    assert!(super::text(nested(DEPTH, "").as_bytes()).is_ok());
    assert!(from_str::<Tree>(&nested(DEPTH, "")).is_ok());
    let open = "[".repeat(100_000);
    for text in [nested(DEPTH + 1, ""), open.clone(), "{\"a\":".repeat(100_000), format!("{{\"a\":{open}")] {
        assert!(matches!(super::text(text.as_bytes()), Err(JsonError::TooDeep)));
        assert!(matches!(from_str::<Tree>(&text), Err(JsonError::TooDeep)));
        assert!(matches!(Json::read(text.as_bytes()), Err(JsonError::TooDeep)));
    }
    // Brackets inside of text are no levels.
    assert!(super::text(format!("[\"{open}\\\"{open}\"]").as_bytes()).is_ok());
}

#[test]
fn what_others_write_beside_strict_json_is_read() {
    let marked = "\u{feff}{\"a\":1}";
    assert_eq!(Json::read(marked.as_bytes()).unwrap().as_str(), "{\"a\":1}");
    for (sent, read) in [
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\uDE00x""#, "\u{fffd}x"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\\ud83d""#, r"\ud83d"),
        (r#""a\ud83d\n\"""#, "a\u{fffd}\n\""),
    ] {
        assert_eq!(super::text(sent.as_bytes()).unwrap().root().text().unwrap(), read, "{sent}");
        assert_eq!(from_str::<String>(sent).unwrap(), read, "{sent}");
        assert_eq!(tree(Json::read(sent.as_bytes()).unwrap().as_str()), read, "{sent}");
    }
    let keyed = super::text(br#"{"\ud83d":1}"#).unwrap();
    assert_eq!(keyed.root().get("\u{fffd}").unwrap().as_str(), "1");
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "nul",
        "01",
        "\"a",
        "\"\\x\"",
        "1 2",
        "[}",
        "NaN",
        "'a'",
        "1e999",
        "[-1e400]",
        "\"\u{1}\"",
        "\u{feff}\u{feff}1",
    ] {
        assert!(matches!(super::text(text.as_bytes()), Err(JsonError::Syntax(_))), "{text}");
        assert!(Json::read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(matches!(super::text(b"\"\xff\""), Err(JsonError::NotUtf8)));
    assert!(matches!(super::text(format!("1{}", "0".repeat(400)).as_bytes()), Err(JsonError::Syntax(_))));
}

#[test]
fn numbers_keep_their_digits() {
    let text =
        "[18446744073709551617,-99999999999999999999999,0.1000000000000000055511151231257827,1e2,1.0,-0]";
    let json = Json::read(text.as_bytes()).unwrap();
    assert_eq!(json.as_str(), text);
    assert_eq!(serde_json::to_string(&json).unwrap(), text);
    let digits: Vec<_> =
        json.part().items().map(|item| item.text_or_digits().unwrap().into_owned()).collect();
    assert_eq!(format!("[{}]", digits.join(",")), text);
    assert_eq!(json.part().items().nth(3).unwrap().number().unwrap().as_f64(), Some(100.0));
}

#[test]
fn parts_are_found_where_they_stand() {
    let text = super::text(
        br#" { "a" : [ 1 , "x,]}" , { } , null ] , "b\n" : {"c":"}"} , "a2":true, "b\n":false } "#,
    );
    let text = text.unwrap();
    let root = text.root();
    let members: Vec<_> = root.members().map(|(key, part)| (key.into_owned(), part.as_str())).collect();
    let expected =
        [("a", r#"[ 1 , "x,]}" , { } , null ]"#), ("b\n", r#"{"c":"}"}"#), ("a2", "true"), ("b\n", "false")];
    assert_eq!(members, expected.map(|(key, part)| (key.to_owned(), part)));
    let items: Vec<_> = root.get("a").unwrap().items().map(Part::as_str).collect();
    assert_eq!(items, ["1", r#""x,]}""#, "{ }", "null"]);
    assert_eq!(root.get("b\n").unwrap().kind(), Kind::Flag(false), "the last of a name counts");
    assert_eq!(root.get("c"), None);
    assert_eq!(root.items().next(), None);
    assert_eq!(Json::from(root.get("a").unwrap()).as_str(), r#"[1,"x,]}",{},null]"#);
}

/// A small generator of any JSON: the same numbers make the same text.
struct Any(u64);

impl Any {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn value(&mut self, deep: u64) -> Value {
        let kinds = if deep == 0 { 5 } else { 7 };
        match self.next(kinds) {
            0 => Value::Null,
            1 => Value::Bool(self.next(2) == 0),
            2 => Value::from(self.next(u64::MAX)),
            3 => Value::from(f64::from(u32::try_from(self.next(100_000)).unwrap()) / 7.0),
            4 => Value::from(self.word()),
            5 => (0..self.next(4)).map(|_| self.value(deep - 1)).collect(),
            _ => Value::Object((0..self.next(4)).map(|_| (self.word(), self.value(deep - 1))).collect()),
        }
    }

    fn word(&mut self) -> String {
        let words = ["", "a", MAGIC, "\"", "\\", "[", "}", ",", "\u{1}é😀", " \n"];
        (0..self.next(3)).map(|_| words[usize::try_from(self.next(10)).unwrap()]).collect()
    }
}

/// Every way of reading says of a text what it says.
#[test]
fn all_readers_agree() {
    fn by_parts(part: Part<'_>) -> Value {
        match part.kind() {
            Kind::Null => Value::Null,
            Kind::Flag(flag) => flag.into(),
            Kind::Number(_) => part.number().unwrap().into(),
            Kind::Text(text) => text.into(),
            Kind::List(items) => items.map(by_parts).collect(),
            Kind::Object(members) => {
                Value::Object(members.map(|(key, value)| (key.into_owned(), by_parts(value))).collect())
            }
        }
    }
    for seed in 0..2_000 {
        let value = Any(seed).value(6);
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            assert_eq!(tree(&text), value, "{text}");
            assert_eq!(by_parts(super::text(text.as_bytes()).unwrap().root()), value, "{text}");
            let json = Json::read(text.as_bytes()).unwrap();
            assert_eq!(json.as_str(), value.to_string(), "{text}");
        }
    }
}

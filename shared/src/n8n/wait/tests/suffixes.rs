//! What the suffix of an address says of the wait that it belongs to.

use super::*;

#[test]
fn the_suffix_of_the_passed_address_names_the_wait() {
    let url = |suffix: &str| {
        Url::parse(&format!("https://n8n.example/webhook-waiting/7{suffix}?signature=x")).unwrap()
    };
    assert_eq!(suffix_of(&url("")), None);
    assert_eq!(suffix_of(&url("/a/b/")).as_deref(), Some("a/b"));
    let mut story = Story::new().create(("Webhook", 0), OURS);
    for (name, suffix) in [("Wait", "/first/"), ("Second", "se cond")] {
        let node = story.nodes.iter_mut().find(|node| node["name"] == name).unwrap();
        node["parameters"]["options"] = json!({"webhookSuffix": suffix});
    }
    let story = story.wait("Wait", ("Create", 0)).with_items(&[]);
    let whose = |story: &Story, suffix: &str| {
        story.view(&Created::new(OURS, None).passed(Some(&url(suffix))).among(others(&[NEXT]))).whose
    };
    assert_eq!(whose(&story, "/first"), Whose::Ours);
    assert_eq!(whose(&story, "/se%20cond"), Whose::NotYet);
    let story = story.resume().wait("Second", ("Wait", 0)).with_items(&[]);
    assert_eq!((whose(&story, "/first"), whose(&story, "/se%20cond")), (Whose::Passed, Whose::Ours));
    let hashed = Sibling { id: NEXT.to_string(), open: true, suffix: Some(mark("se cond")) };
    let created = Created::new(OURS, None).among(vec![hashed]);
    assert_eq!(
        story.view(&created).whose,
        Whose::Passed,
        "the Wait that stands is named by another's address"
    );
}

#[test]
fn a_suffix_that_several_came_with_tells_nothing() {
    let asked = || Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]).suffixed(["rev", ""]);
    let silent =
        asked().run("Set", Some(("Create", 0)), json!({"n": 1})).wait("Wait", ("Set", 0)).with_items(&[]);
    let both = |story: &Story| story.between(Some("rev"), Some("rev"));
    assert_eq!(both(&silent), (Whose::Contested, Whose::Contested));
    assert_eq!(silent.between(Some("rev"), Some("other")), (Whose::Ours, Whose::NotYet));
    let shown = asked().run("Set", Some(("Create", 0)), json!({"id": NEXT})).wait("Wait", ("Set", 0));
    assert_eq!(both(&shown.with_items(&[NEXT])), (Whose::NotYet, Whose::Ours), "then the item tells");
    let row =
        Story::new().asks_twice().suffixed(["rev", "rev"]).wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
    assert_eq!(both(&row), (Whose::Ours, Whose::NotYet), "then the place tells");

    let closed = |open| {
        let url = Url::parse("https://n8n.example/webhook-waiting/7/rev").unwrap();
        let other = Sibling { id: NEXT.to_string(), open, suffix: Some(super::mark("rev")) };
        Created::new(OURS, None).passed(Some(&url)).among(vec![other])
    };
    assert_eq!(silent.view(&closed(false)).whose, Whose::Ours, "the other one is over");
    let elsewhere = Story::new().suffixed(["rev", ""]).wait("Wait", ("Webhook", 0)).with_items(&[]);
    assert_eq!(elsewhere.view(&closed(true)).whose, Whose::Contested);
    assert_eq!(elsewhere.view(&closed(false)).whose, Whose::Ours);
}

#[test]
fn a_suffix_goes_before_the_item_and_the_place() {
    let first = |after: &str, items: &[u64], suffixes| {
        let story = Story::new().asks_twice().suffixed(suffixes);
        let story = match after {
            "Set" => story.run("Set", Some(("Tool", 0)), json!({"id": OURS})),
            _ => story,
        };
        story.wait("Wait", (after, 0)).with_items(items)
    };
    let (ours, next) = ((Whose::Ours, Whose::NotYet), (Whose::NotYet, Whose::Ours));
    for (after, items) in [("Tool", &[NEXT][..]), ("Set", &[OURS]), ("Set", &[OURS, NEXT]), ("Set", &[])] {
        let story = first(after, items, ["b", "a"]);
        assert_eq!(story.between(Some("a"), Some("b")), next, "{after} {items:?}");
        let story = story.decided(NEXT).wait("Second", ("Wait", 0)).with_items(&[NEXT]);
        assert_eq!(story.between(Some("a"), Some("b")), (Whose::Ours, Whose::Passed), "{after} {items:?}");
        let story = first(after, items, ["a", "b"]);
        assert_eq!(story.between(Some("a"), Some("b")), ours, "{after} {items:?}");
    }
    assert_eq!(first("Tool", &[NEXT], ["b", ""]).between(None, Some("b")), next, "only the second has one");
    assert_eq!(first("Tool", &[NEXT], ["", "a"]).between(Some("a"), None), next, "only the first has one");
    let over =
        first("Tool", &[NEXT], ["", "a"]).decided(NEXT).wait("Second", ("Wait", 0)).with_items(&[NEXT]);
    assert_eq!(over.between(Some("a"), None), (Whose::Ours, Whose::Passed));
    let at_once = Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]).suffixed(["b", "a"]);
    let at_once = at_once.wait("Wait", ("Create", 0)).with_items(&[OURS, NEXT]);
    assert_eq!(at_once.between(Some("a"), Some("b")), next, "the items of one call");
}

#[test]
fn suffixes_are_the_same_however_they_are_escaped() {
    let came = |text: &str| suffix_of(&Url::parse(&format!("https://h/webhook-waiting/7/{text}")).unwrap());
    for (node, passed) in [
        ("a@b:c", "a%40b%3Ac"),
        ("a@b:c", "a@b:c"),
        ("a+b", "a%2Bb"),
        ("a;b", "a%3Bb"),
        ("a,b=$&", "a%2Cb%3D%24%26"),
        ("\u{fc} x", "%C3%BC%20x"),
        ("%41", "%2541"),
        ("/a/b/", "a/b"),
    ] {
        assert_eq!(written(node), came(passed), "{node} {passed}");
        let story = Story::new().asks_twice().suffixed(["first", node]);
        let story = story.wait("Wait", ("Tool", 0)).resume().wait("Second", ("Wait", 0));
        assert_eq!(
            story.between(Some("else"), Some(passed)),
            (Whose::NotYet, Whose::Ours),
            "{node} {passed}"
        );
    }
    assert_ne!(written("a b"), came("a+b"));
    assert_ne!(written("A"), came("%2541"));
    assert_ne!(came("%FF"), came("%FE"), "what is no text stays apart");
}

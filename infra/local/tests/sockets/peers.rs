//! Who called, directly and through a proxy.

use crate::{
    attack::request,
    site::{Site, short},
};

fn log_in(site: &Site, from: u8, headers: &[(&str, &str)], password: &str) -> crate::attack::Reply {
    let body = format!(r#"{{"username":"admin@acme.example","password":"{password}"}}"#);
    site.client(from).ask(request("POST", "/api/v1/auth/login", headers, &body)).unwrap()
}

#[test]
fn without_a_trusted_proxy_no_header_is_believed() {
    let site = Site::open(short());
    for n in 0..10 {
        let claim = format!("192.0.2.{n}");
        let headers = [("x-forwarded-for", &*claim), ("x-forwarded-proto", "https")];
        assert_eq!(log_in(&site, 2, &headers, "wrong password").status, 401);
    }
    assert_eq!(log_in(&site, 2, &[("x-forwarded-for", "192.0.2.77")], "a long password").status, 429);
    let welcome = log_in(&site, 3, &[("x-forwarded-proto", "https")], "a long password");
    assert_eq!(welcome.status, 200, "{welcome:?}");
    assert!(!welcome.head.contains("Secure"), "{}", welcome.head);
}

#[test]
fn behind_a_trusted_proxy_the_caller_is_whom_it_names() {
    let site = Site::behind(short(), &["127.0.0.2/32", "10.0.0.0/8"]);
    for n in 0..10 {
        let forged = format!("198.51.100.{n}, 192.0.2.1, 10.0.0.7");
        assert_eq!(log_in(&site, 2, &[("x-forwarded-for", &forged)], "wrong password").status, 401);
    }
    let same = [("x-forwarded-for", "192.0.2.1")];
    assert_eq!(
        log_in(&site, 2, &same, "a long password").status,
        429,
        "one caller, whatever it claims before"
    );
    assert_eq!(log_in(&site, 2, &[("forwarded", "for=192.0.2.1")], "a long password").status, 429);
    let other = [("x-forwarded-for", "192.0.2.2"), ("x-forwarded-proto", "https")];
    let welcome = log_in(&site, 2, &other, "a long password");
    assert_eq!(welcome.status, 200, "{welcome:?}");
    assert!(
        welcome.head.contains("__Host-baton_session=") && welcome.head.contains("Secure"),
        "{}",
        welcome.head
    );
    assert_eq!(
        log_in(&site, 3, &same, "a long password").status,
        200,
        "from elsewhere the header says nothing"
    );
}

//! Organizations, users and keys: made, bound and revoked at the command line, beside a server that runs.

use std::process::Stdio;

use super::*;

#[test]
fn an_organization_is_made_beside_a_running_server() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let create = [
        "org",
        "create",
        "Acme",
        "--admin-email",
        "Jane@acme.example",
        "--admin-password",
        "long enough",
        "--json",
    ];
    let made = printed(&run(&data, &create));
    assert!(made["organization_id"].is_u64(), "{made}");
    assert_eq!(made["admin"], json!({ "username": "jane@acme.example", "email": "jane@acme.example" }));
    let key = made["api_key"].as_str().unwrap();
    assert_eq!(ask(&baton.addr, key, "GET", "/api/auth/test", None).status, 200);
    let refused = run(&data, &create);
    assert_eq!(refused.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().contains("has an account already"), "{error}");
    let posted = ask(&baton.addr, key, "POST", "/api/payloads", Some(&json!({ "title": "Theirs" })));
    let path = format!("/api/payloads/{}", posted.json["id"]);
    assert_eq!(ask(&baton.addr, key, "GET", &path, None).status, 200);
    assert_eq!(ask(&baton.addr, &baton.key(), "GET", &path, None).status, 404);
}

#[test]
fn an_organization_made_first_keeps_the_start_quiet() {
    let (_dir, data) = data();
    let create = [
        "org",
        "create",
        "Acme",
        "--admin-email",
        "jane@acme.example",
        "--admin-password",
        "long enough",
        "--json",
    ];
    let key = printed(&run(&data, &create))["api_key"].as_str().unwrap().to_owned();
    let baton = Baton::start(&data, &[]);
    assert!(!baton.greeting.contains("api_key"), "{}", baton.greeting);
    assert_eq!(ask(&baton.addr, &key, "GET", "/api/auth/test", None).status, 200);
}

fn log_in(addr: &str, username: &str, password: &str) -> support::Answer {
    let body = json!({ "username": username, "password": password });
    call(addr, "POST", "/api/v1/auth/login", &[], Some(&body)).unwrap()
}

#[test]
fn the_admin_of_the_first_start_logs_in() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let said: Value = serde_json::from_str(&baton.greeting).unwrap();
    let (name, password) = (&said["admin"]["username"], &said["admin"]["password"]);
    let answer = log_in(&baton.addr, name.as_str().unwrap(), password.as_str().unwrap());
    assert_eq!((answer.status, &answer.json["admin"]["role"]), (200, &json!("admin")), "{answer:?}");
    let token = answer.json["token"].as_str().unwrap();
    assert_eq!(ask(&baton.addr, token, "GET", "/api/auth/test", None).json["username"], *name);
    assert!(answer.head.contains("baton_session=") && !answer.head.contains("Secure"), "{}", answer.head);
    let other = "joe@acme.example";
    for _ in 0..10 {
        assert_eq!(log_in(&baton.addr, other, "wrong password").status, 401);
    }
    let refused = log_in(&baton.addr, other, "wrong password");
    assert_eq!(refused.status, 429, "the address of the socket is counted: {refused:?}");
    assert_eq!(log_in(&baton.addr, name.as_str().unwrap(), password.as_str().unwrap()).status, 200);
    baton.signal("TERM");
    let (_, log) = baton.end();
    assert!(!log.contains(token) && !log.contains(password.as_str().unwrap()), "{log}");
}

#[test]
fn users_are_made_and_given_passwords_beside_a_running_server() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let create = ["user", "create", "--email", "Ed@acme.example", "--role", "viewer", "--json"];
    let made = printed(&run(&data, &create));
    assert_eq!((&made["username"], &made["role"]), (&json!("ed@acme.example"), &json!("viewer")), "{made}");
    let password = made["password"].as_str().unwrap();
    let token = log_in(&baton.addr, "ed@acme.example", password).json["token"].as_str().unwrap().to_owned();
    let copied = ask(&baton.addr, &token, "POST", "/api/user/api-key/copy", None);
    let key = copied.json["api_key"].as_str().unwrap();
    assert_eq!(ask(&baton.addr, key, "GET", "/api/payloads/list", None).status, 200);
    let body = json!({ "title": "x" });
    assert_eq!(ask(&baton.addr, key, "POST", "/api/payloads", Some(&body)).status, 403);
    let changed = printed(&run(
        &data,
        &["user", "password", "--email", "ed@acme.example", "--password", "long enough", "--json"],
    ));
    assert_eq!((&changed["id"], &changed["password"]), (&made["id"], &Value::Null), "{changed}");
    assert_eq!(log_in(&baton.addr, "ed@acme.example", password).status, 401);
    assert_eq!(log_in(&baton.addr, "ed@acme.example", "long enough").status, 200);
    let forgotten =
        printed(&run(&data, &["user", "forget-second-factor", "--email", "ed@acme.example", "--json"]));
    assert_eq!(forgotten["id"], made["id"], "also where there is none");
    for (arguments, why) in [
        (&create[..], "has an account already"),
        (&["user", "create", "--email", "x@acme.example", "--role", "owner"], "one of admin, editor"),
        (
            &["user", "create", "--email", "x@acme.example", "--role", "viewer", "--password", "short"],
            "characters",
        ),
        (&["user", "password", "--email", "nobody@acme.example"], "no user"),
        (&["key", "create", "--user", "ed@acme.example", "--scope", "*"], "nobody gives what he lacks"),
    ] {
        let refused = run(&data, arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

/// The rest of what can be said of a key, at the command line and to the server alike.
#[test]
fn keys_are_bound_rotated_and_counted() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let create = [
        "key",
        "create",
        "--name",
        "far",
        "--expires-in",
        "30",
        "--allowed-ip",
        "203.0.113.7/24",
        "--dialect",
        "c",
        "--rate-limit-per-hour",
        "1000",
        "--json",
    ];
    let far = printed(&run(&data, &create));
    assert_eq!(
        (&far["allowed_ips"], &far["rate_limit_per_hour"]),
        (&json!(["203.0.113.0/24"]), &json!(1000))
    );
    let refused = ask(&baton.addr, far["api_key"].as_str().unwrap(), "GET", "/api/v1/api_keys", None);
    assert_eq!((refused.status, &refused.json["error"]), (403, &json!("ip_not_allowed")));

    let near =
        printed(&run(&data, &["key", "create", "--name", "near", "--rate-limit-per-minute", "2", "--json"]));
    let (id, near) = (near["id"].to_string(), near["api_key"].as_str().unwrap());
    let rotated = printed(&run(&data, &["key", "rotate", &id, "--overlap", "1", "--json"]));
    let new = rotated["api_key"].as_str().unwrap();
    assert_eq!(rotated["replaces"]["id"].to_string(), id);
    for key in [near, new] {
        assert_eq!(ask(&baton.addr, key, "GET", "/api/auth/test", None).status, 200, "both work");
    }
    let count = (0..5).filter(|_| ask(&baton.addr, new, "GET", "/api/auth/test", None).status == 200).count();
    assert!(count < 4, "its limit went with it, also where a minute ends in between");

    // What was counted since the last note is noted before the process ends.
    baton.signal("TERM");
    assert!(baton.end().0.success());
    let usage = printed(&run(&data, &["key", "usage", "--json"]));
    let used = |id: &str| {
        let found = usage.as_array().unwrap().iter().find(|key| format!("{}", key["id"]) == id).unwrap();
        (found["requests_24h"].as_u64().unwrap(), found["last_used_at"].is_string())
    };
    assert_eq!(used(&id), (1, true), "{usage}");
    assert_eq!(used(&rotated["id"].to_string()), (6, true), "{usage}");
    assert_eq!(used(&far["id"].to_string()), (0, false), "a refused address is no use: {usage}");
    for arguments in [
        &["key", "create", "--scope", "leads:dance"][..],
        &["key", "create", "--allowed-ip", "everywhere"],
        &["key", "create", "--expires-in", "0"],
        &["key", "rotate", &id, "--overlap", "169"],
    ] {
        assert_eq!(run(&data, arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[]);
    let made =
        printed(&run(&data, &["key", "create", "--name", "laptop", "--scope", "payloads:read", "--json"]));
    let (id, text) = (made["id"].to_string(), made["api_key"].as_str().unwrap());
    let listed = printed(&run(&data, &["key", "list", "--json"]));
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert!(!listed.to_string().contains(text), "a key's text is shown once");
    let listed = listed.as_array().unwrap().iter().find(|key| key["name"] == "laptop").unwrap().clone();
    assert_eq!((&listed["id"], &listed["scopes"]), (&made["id"], &json!(["payloads:read"])));
    assert!(text.ends_with(listed["last4"].as_str().unwrap()), "{listed}");
    assert_eq!(
        printed(&run(&data, &["key", "revoke", &id, "--json"])),
        json!({ "id": made["id"], "revoked": true })
    );
    assert_eq!(ask(&baton.addr, text, "GET", "/api/auth/test", None).status, 403);
    let listed = printed(&run(&data, &["key", "list", "--json"]));
    let listed = listed.as_array().unwrap().iter().find(|key| key["name"] == "laptop").unwrap().clone();
    assert!(listed["revoked_at"].is_string(), "{listed}");
    for arguments in [
        &["key", "revoke", "12"][..],
        &["key", "revoke", "x"],
        &["key", "list", "--user", "nobody@x.example"],
    ] {
        let refused = run(&data, arguments);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert_eq!(String::from_utf8_lossy(&refused.stderr).lines().count(), 1, "{refused:?}");
    }
}

#[test]
fn an_organization_is_given_a_plan_beside_a_running_server() {
    let (_dir, data) = data();
    let baton = Baton::start(&data, &[("BATON_DEFAULT_PLAN", "starter")]);
    let on = |key: &str| ask(&baton.addr, key, "GET", "/api/v1/account", None).json["plan"].clone();
    assert_eq!(on(&baton.key()), "starter");
    let create =
        ["org", "create", "Acme", "--admin-email", "jane@acme.example", "--admin-password", "long enough"];
    let made = printed(&run(&data, &[&create[..], &["--plan", "pro", "--json"]].concat()));
    let key = made["api_key"].as_str().unwrap();
    assert_eq!(on(key), "pro");
    let changed = printed(&run(&data, &["org", "plan", "--user", "jane@acme.example", "free", "--json"]));
    assert_eq!(changed, json!({ "organization_id": made["organization_id"], "plan": "free" }));
    assert_eq!((on(key), on(&baton.key())), (json!("free"), json!("starter")));
    let refused = run(&data, &["org", "plan", "--user", "jane@acme.example", "gold"]);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("must be one of free, starter, pro"),
        "{refused:?}"
    );
}

/// What others have named moves no cursor of whoever lists it, and who has read enough may go.
#[test]
fn what_a_terminal_would_obey_is_shown_and_a_pipe_may_close() {
    let (_dir, data) = data();
    drop(Baton::start(&data, &[]));
    let name = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31mN\nAPI key 1";
    for arguments in [
        &["group", "create", name][..],
        &["key", "create", "--name", name],
        &["org", "create", name, "--admin-email", "x@acme.example", "--admin-password", "long enough"],
        &["org", "plan", "pro", "--user", "x@acme.example"],
        &["group", "list"],
        &["key", "list"],
        &["key", "usage"],
        &["group", "list", "--json"],
        &["key", "list", "--json"],
    ] {
        let said = run(&data, arguments);
        assert!(said.status.success(), "{arguments:?}: {said:?}");
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{arguments:?}: {said:?}");
        assert!(!said.lines().any(|line| line == "API key 1"), "{arguments:?}: {said:?}");
    }
    let refused = run(&data, &["group", "delete", "7", "--user", "\u{1b}[2J@x"]);
    assert!(!refused.status.success() && !refused.stderr.contains(&0x1b), "{refused:?}");
    for arguments in [&["key", "list"][..], &["key", "list", "--json"], &["group", "list"], &["openapi", "c"]]
    {
        let mut child = command(&data, &[])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success() && ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn what_the_command_line_hands_out_and_asks_for() {
    let (_dir, data) = data();
    drop(Baton::start(&data, &[]));
    let admin = "admin@baton.localhost";
    let reset = |json: &[&str]| {
        let mut command = command(&data, &[("BATON_PUBLIC_URL", "https://baton.example.com")]);
        command.args(["user", "reset", "--email", admin]).args(json).output().unwrap()
    };
    let said = String::from_utf8(reset(&[]).stdout).unwrap();
    assert!(said.contains("https://baton.example.com/join#btn_reset_"), "{said}");
    let said = printed(&reset(&["--json"]));
    let token = said["token"].as_str().unwrap();
    assert_eq!(said["url"], format!("https://baton.example.com/join#{token}"));
    for (arguments, option) in [
        (&["user", "reset", "--email", "none@acme.example"][..], "name one with --email"),
        (&["key", "list", "--user", "none@acme.example"], "name one with --user"),
        (&["org", "create", "--help"], "--password-stdin is needed"),
    ] {
        let said = run(&data, arguments);
        let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(option), "{arguments:?}: {said}");
    }
    let group = printed(&run(&data, &["group", "create", "Northwind", "--json"]))["id"].to_string();
    let made = run(&data, &["key", "create", "--bound-to", &group]);
    assert!(made.status.success(), "{made:?}");
    let listed = String::from_utf8(run(&data, &["key", "list"]).stdout).unwrap();
    assert!(listed.contains(&format!("bound to {group}")), "{listed}");
}

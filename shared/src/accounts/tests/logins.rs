//! Logging in, and how many times one may fail at it.

use std::{net::IpAddr, time::Duration};

use secrecy::ExposeSecret;

use super::{MINUTE, SECOND, refusal};
use crate::{
    accounts::throttle,
    error::{Error, ErrorKind},
    testing::house::{House, PASSWORD, START},
};

const WRONG: (ErrorKind, &str) = (ErrorKind::CredentialRejected, "invalid_login");
const TOO_MANY: (ErrorKind, &str) = (ErrorKind::RateLimited, "too_many_failures");

fn address(n: u32) -> Option<IpAddr> {
    Some(std::net::Ipv4Addr::from(0x0a00_0000 + n).into())
}

/// Fails so many times.
async fn fail(house: &House, times: u32, name: impl Fn(u32) -> String, from: impl Fn(u32) -> u32) {
    for n in 0..times {
        let _counted = throttle::count(&house.app.accounts(), &name(n), address(from(n))).await.unwrap();
    }
}

async fn refused(house: &House, name: &str, from: u32) -> Error {
    match throttle::count(&house.app.accounts(), name, address(from)).await {
        Ok(_) => panic!("{name} from {from} was to be refused"),
        Err(error) => error,
    }
}

async fn admitted(house: &House, name: &str, from: u32) {
    let _counted = throttle::count(&house.app.accounts(), name, address(from)).await.unwrap();
}

#[tokio::test]
async fn who_knows_the_password_gets_a_session() {
    let house = House::new();
    let acme = house.acme().await;
    let (user, token) =
        house.app.accounts().log_in(" Jane@ACME.example ", PASSWORD.into(), address(1)).await.unwrap();
    assert_eq!(user, acme.admin);
    assert!(house.app.accounts().verify_session(token.text.expose_secret()).await.is_ok());
    assert_eq!(refusal(house.app.accounts().log_in("jane@acme.example", "wrong".into(), None).await), WRONG);
    assert_eq!(
        refusal(house.app.accounts().log_in("nobody@acme.example", PASSWORD.into(), None).await),
        WRONG
    );
    assert_eq!(refusal(house.app.accounts().log_in("no address", PASSWORD.into(), None).await), WRONG);
}

#[tokio::test]
async fn a_login_costs_the_same_whether_the_user_is_there_or_not() {
    let house = House::new();
    house.acme().await;
    let (_, known) =
        house.store_calls(house.app.accounts().log_in("jane@acme.example", "wrong".into(), address(1))).await;
    let (_, unknown) =
        house.store_calls(house.app.accounts().log_in("joe@acme.example", "wrong".into(), address(2))).await;
    assert_eq!((known, unknown), (6, 6), "with the line in the log");
}

#[tokio::test]
async fn a_right_password_takes_its_count_back() {
    let house = House::new();
    let acme = house.acme().await;
    for _ in 0..11 {
        assert!(
            house.app.accounts().confirm_password(&acme.admin, PASSWORD.into(), address(1)).await.unwrap()
        );
    }
    for _ in 0..5 {
        assert!(
            !house.app.accounts().confirm_password(&acme.admin, "wrong".into(), address(1)).await.unwrap()
        );
        let refused = house.app.accounts().log_in("jane@acme.example", "wrong".into(), address(1)).await;
        assert_eq!(refusal(refused), WRONG);
    }
    let (refused, calls) = house
        .store_calls(house.app.accounts().log_in("jane@acme.example", PASSWORD.into(), address(1)))
        .await;
    assert_eq!((refusal(refused), calls), (TOO_MANY, 3), "the password is not looked at");
    let refused = house.app.accounts().confirm_password(&acme.admin, PASSWORD.into(), address(1)).await;
    assert_eq!(refusal(refused), TOO_MANY);
}

#[tokio::test]
async fn ten_failures_of_a_name_from_one_address_close_it_for_that_address() {
    let house = House::new();
    house.advance(MINUTE);
    fail(&house, 10, |_| "jane".into(), |_| 1).await;
    let error = refused(&house, "jane", 1).await;
    assert_eq!((error.kind, error.code), TOO_MANY);
    let ends = START.plus(MINUTE * 15);
    assert_eq!(error.retry_after, Some(MINUTE * 14));
    assert_eq!(error.used_up, Some((10, ends.seconds())));
    assert_eq!(error.message, "Too many failed logins. Wait 14 minutes.");
    admitted(&house, "jane", 2).await;
    admitted(&house, "joe", 1).await;
}

#[tokio::test]
async fn fifty_failures_of_a_name_close_it_for_everybody() {
    let house = House::new();
    fail(&house, 50, |_| "jane".into(), |n| n).await;
    assert_eq!(refused(&house, "jane", 99).await.used_up.map(|(most, _)| most), Some(50));
    assert_eq!(refused(&house, "jane", 98).await.used_up.map(|(most, _)| most), Some(50), "as remembered");
    admitted(&house, "joe", 99).await;
}

#[tokio::test]
async fn a_hundred_failures_from_an_address_close_it_for_every_name() {
    let house = House::new();
    fail(&house, 100, |n| format!("name {n}"), |_| 1).await;
    assert_eq!(refused(&house, "another", 1).await.used_up.map(|(most, _)| most), Some(100));
    // Whom the address has locked out cannot lock a name as well.
    let (_, calls) = house.store_calls(refused(&house, "jane", 1)).await;
    assert_eq!(calls, 1, "nothing but whether she is at home there");
    admitted(&house, "another", 2).await;
}

#[tokio::test]
async fn the_stricter_of_two_limits_that_are_reached_is_the_one_that_is_told() {
    let house = House::new();
    fail(&house, 10, |_| "jane".into(), |_| 1).await;
    fail(&house, 40, |_| "jane".into(), |n| n + 2).await;
    assert_eq!(refused(&house, "jane", 1).await.used_up.map(|(most, _)| most), Some(10));
}

#[tokio::test]
async fn a_refusal_is_remembered_until_its_window_ends() {
    let house = House::new();
    fail(&house, 10, |_| "jane".into(), |_| 1).await;
    // The address is asked each time, because it has room; the name is known to be full from the first refusal on.
    assert_eq!(house.store_calls(refused(&house, "jane", 1)).await.1, 3);
    assert_eq!(house.store_calls(refused(&house, "jane", 1)).await.1, 2);
    house.advance(MINUTE * 15 - SECOND);
    assert_eq!(refused(&house, "jane", 1).await.retry_after, Some(SECOND));
    house.advance(SECOND);
    admitted(&house, "jane", 1).await;
}

#[tokio::test]
async fn windows_begin_with_the_quarter_of_an_hour() {
    let house = House::new();
    house.advance(MINUTE * 15 - Duration::from_millis(1));
    fail(&house, 10, |_| "jane".into(), |_| 1).await;
    assert_eq!(refused(&house, "jane", 1).await.message, "Too many failed logins. Wait 1 minutes.");
    house.advance(Duration::from_millis(1));
    admitted(&house, "jane", 1).await;
}

#[tokio::test]
async fn whoever_says_no_address_shares_one() {
    let house = House::new();
    for _ in 0..10 {
        let _counted = throttle::count(&house.app.accounts(), "jane", None).await.unwrap();
    }
    assert_eq!(refusal(throttle::count(&house.app.accounts(), "jane", None).await.map(drop)), TOO_MANY);
    admitted(&house, "jane", 1).await;
}

#[tokio::test]
async fn counts_vanish_a_window_after_they_end() {
    let house = House::new();
    admitted(&house, "jane", 1).await;
    let calls = house.faults.calls();
    let keys: Vec<_> = calls.iter().filter_map(|call| call.strip_prefix("store.write ")).collect();
    assert_eq!(keys.len(), 2, "{calls:?}");
    for key in keys {
        assert!(
            key.starts_with("G#login-failures#") && !key.contains("jane") && !key.contains("10.0"),
            "{key}"
        );
        let key = crate::store::Key::from_parts(key.split(" / ").next().unwrap(), "-");
        let item = house.store().get(&key).await.unwrap().unwrap();
        assert_eq!(item.attrs().unwrap()["ttl"], START.seconds() + 30 * 60);
    }
}

async fn logged_in(house: &House, from: u32) -> bool {
    match house.app.accounts().log_in("jane@acme.example", PASSWORD.into(), address(from)).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!((error.kind, error.code), TOO_MANY);
            false
        }
    }
}

#[tokio::test]
async fn nothing_that_is_done_elsewhere_closes_the_door_at_home() {
    let house = House::new();
    house.acme().await;
    assert!(logged_in(&house, 1).await);
    fail(&house, 50, |_| "jane@acme.example".into(), |n| n + 10).await;
    fail(&house, 100, |n| format!("name {n}"), |_| 1).await;
    assert!(!logged_in(&house, 9).await, "the name is closed elsewhere");
    refused(&house, "joe", 1).await;
    for _ in 0..3 {
        assert!(logged_in(&house, 1).await);
    }
    house.advance(Duration::from_secs(30 * 24 * 3600) - MINUTE);
    fail(&house, 50, |_| "jane@acme.example".into(), |n| n + 10).await;
    assert!(logged_in(&house, 1).await, "after thirty days less a minute");
    house.advance(Duration::from_secs(30 * 24 * 3600));
    fail(&house, 50, |_| "jane@acme.example".into(), |n| n + 10).await;
    assert!(!logged_in(&house, 1).await, "after thirty days");
}

#[tokio::test]
async fn whoever_guesses_beside_somebody_at_home_is_limited_too() {
    let house = House::new();
    house.acme().await;
    assert!(logged_in(&house, 1).await);
    fail(&house, 50, |_| "jane@acme.example".into(), |_| 1).await;
    let error = refused(&house, "jane@acme.example", 1).await;
    assert_eq!(error.used_up.map(|(most, _)| most), Some(50));
    // Nobody but this pair is closed by it.
    admitted(&house, "jane@acme.example", 2).await;
    admitted(&house, "joe", 1).await;
    house.advance(MINUTE * 15);
    assert!(logged_in(&house, 1).await);
}

#[tokio::test]
async fn a_wrong_password_and_a_name_of_nobody_make_no_address_known() {
    let house = House::new();
    house.acme().await;
    let wrong = house.app.accounts().log_in("jane@acme.example", "wrong".into(), address(1)).await;
    assert_eq!(refusal(wrong), WRONG);
    fail(&house, 9, |_| "jane@acme.example".into(), |_| 1).await;
    refused(&house, "jane@acme.example", 1).await;
    let noted =
        house.faults.calls().into_iter().filter(|call| call.starts_with("store.write G#known-networks"));
    assert_eq!(noted.count(), 0);
    assert!(logged_in(&house, 2).await);
    let calls = house.faults.calls();
    let noted: Vec<_> =
        calls.iter().filter(|call| call.starts_with("store.write G#known-networks")).collect();
    assert!(noted.len() == 1 && !noted[0].contains("jane") && !noted[0].contains("10.0"), "{noted:?}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_closes_no_door_for_longer_than_a_window() {
    let house = House::new();
    house.advance(MINUTE * 14);
    fail(&house, 10, |_| "jane".into(), |_| 1).await;
    refused(&house, "jane", 1).await;
    house.clock.set_back(MINUTE * 60);
    admitted(&house, "jane", 1).await;
}

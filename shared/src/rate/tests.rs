use std::time::Duration;

use futures::future::join_all;

use super::*;
use crate::{
    app::SharedApp,
    ids::EntityId,
    testing::{Plan, house::House},
};

const TENANT_ID: TenantId = TenantId(7);
const MINUTE: Counted = Counted { class: PLAN, window: Window::Minute, tenant: TENANT_ID, key: None };
const RATE: Counted = Counted { class: TENANT, window: Window::Burst, tenant: TENANT_ID, key: None };
const DAY: Duration = Duration::from_secs(86_400);

/// Several instances over one store.
struct Fleet {
    house: House,
    instances: Vec<SharedApp>,
}

fn of_plan(a_minute: u32, a_day: u32) -> [Limit; 2] {
    let limit = |most, window| Limit { class: PLAN, of: Of::Tenant, most, window };
    [limit(a_minute, Window::Minute), limit(a_day, Window::Day)]
}

fn a_minute(most: u32) -> [Limit; 1] {
    [of_plan(most, 0)[0]]
}

impl Fleet {
    fn of(instances: usize) -> Self {
        let house = House::new();
        let instances = (0..instances).map(|_| house.another_instance()).collect();
        Self { house, instances }
    }

    async fn ask(&self, instance: usize, limits: &[Limit]) -> Standing {
        let app = &self.instances[instance];
        let whose = (TENANT_ID, Id::of(Id::SMALLEST));
        app.limiter.spend(&*app.store, whose, limits, self.house.now()).await.unwrap().unwrap()
    }

    /// So many requests at once, each at an instance. How many were let through.
    async fn at_once(&self, instances: impl Iterator<Item = usize>, limits: &[Limit]) -> u32 {
        let asked = instances.map(|instance| self.ask(instance, limits));
        let allowed = join_all(asked).await.iter().filter(|standing| standing.allowed).count();
        u32::try_from(allowed).unwrap()
    }

    /// So many one after the other. How many were let through, and how often the store was called for it.
    async fn in_turn(&self, times: u32, instance: usize, limits: &[Limit]) -> (u32, u64) {
        let work = async {
            let mut allowed = 0;
            for _ in 0..times {
                allowed += u32::from(self.ask(instance, limits).await.allowed);
            }
            allowed
        };
        self.house.store_calls(work).await
    }

    /// What each instance holds of the minute.
    fn kept(&self) -> Vec<u32> {
        self.instances.iter().map(|app| app.limiter.kept(MINUTE, self.house.now())).collect()
    }

    /// What the counter of the minute says.
    async fn taken(&self) -> u32 {
        let key = counter(MINUTE, Window::Minute.number(self.house.now()));
        self.house.store().get(&key).await.unwrap().as_ref().and_then(taken_of).unwrap_or(0)
    }
}

#[tokio::test]
async fn a_thousand_at_once_over_ten_instances_let_exactly_sixty_through() {
    let fleet = Fleet::of(10);
    let (allowed, calls) =
        fleet.house.store_calls(fleet.at_once((0..1000).map(|n| n % 10), &of_plan(60, 1000))).await;
    assert_eq!((allowed, fleet.taken().await), (60, 60));
    assert!(calls <= 200, "{calls} calls for a thousand requests");
}

#[tokio::test]
async fn what_one_instance_is_asked_for_it_finds_wherever_the_others_are() {
    let fleet = Fleet::of(10);
    // 900 at one of them, and some eleven at each of the others, in between.
    let skewed = (0..1000).map(|n| if n % 10 == 0 { 1 + n / 10 % 9 } else { 0 });
    let allowed = fleet.at_once(skewed, &of_plan(60, 1000)).await;
    let kept = fleet.kept();
    assert_eq!((fleet.taken().await, allowed + kept.iter().sum::<u32>()), (60, 60), "{kept:?}");
    assert_eq!(kept[0], 0, "who is asked for more keeps nothing");
    assert!(kept.iter().sum::<u32>() <= 4, "what the others keep, who are asked for no more: {kept:?}");
}

#[tokio::test]
async fn an_idle_instance_keeps_no_more_than_half_of_what_it_has_used() {
    let mut worst = 0;
    // Nine instances are asked a few times and fall idle, however often that is; the tenth takes what is left.
    for each in 1..=20 {
        let fleet = Fleet::of(10);
        let mut used = 0;
        for instance in 1..10 {
            used += fleet.in_turn(each, instance, &a_minute(60)).await.0;
        }
        let rest = fleet.in_turn(100, 0, &a_minute(60)).await.0;
        assert_eq!(fleet.taken().await, 60);
        let kept = 60 - used - rest;
        assert_eq!(kept, fleet.kept().iter().sum::<u32>());
        assert!(kept <= used / 2, "{each} at each of nine: {used} used, {kept} kept");
        worst = worst.max(kept);
    }
    assert!(worst <= 10, "{worst} of 60 were kept");
}

#[tokio::test]
async fn the_store_is_written_once_for_each_slice() {
    let fleet = Fleet::of(1);
    for (limit, most) in [(60, 27), (120, 34), (300, 41), (600, 46)] {
        fleet.house.advance(Duration::from_secs(60));
        let (allowed, calls) = fleet.in_turn(limit + 50, 0, &a_minute(limit)).await;
        assert_eq!(allowed, limit);
        assert!(calls <= most, "{calls} calls for a minute of {limit}");
    }
    let day = [of_plan(0, 200_000)[1]];
    let (allowed, calls) = fleet.in_turn(200_010, 0, &day).await;
    assert_eq!(allowed, 200_000);
    assert!(calls <= 600, "{calls} calls for a day of 200,000");
}

#[tokio::test]
async fn requests_that_come_at_once_wait_for_one_lease() {
    let fleet = Fleet::of(1);
    let limit = a_minute(600);
    let asked = fleet.at_once(std::iter::repeat_n(0, 50), &limit);
    // The first asks for itself, and the second for all that wait.
    assert_eq!(fleet.house.store_calls(asked).await, (50, 2));
}

#[tokio::test]
async fn both_windows_of_a_plan_are_felt_and_the_tighter_is_told() {
    let fleet = Fleet::of(2);
    let plan = of_plan(3, 5);
    let mut told = Vec::new();
    for _ in 0..2 {
        for instance in [0, 1, 0, 1] {
            let standing = fleet.ask(instance, &plan).await;
            told.push((standing.allowed, standing.limit));
        }
        fleet.house.advance(Duration::from_secs(60));
    }
    let minute = [(true, 3), (true, 3), (true, 3), (false, 3)];
    let day = [(true, 5), (true, 5), (false, 5), (false, 5)];
    assert_eq!(told, [minute, day].concat());
    let refused = fleet.ask(0, &plan).await;
    assert_eq!((refused.window, refused.reset % 86_400), (Window::Day, 0));
    assert_eq!(fleet.house.store_calls(fleet.ask(0, &plan)).await.1, 0, "it costs nothing to refuse");
    fleet.house.advance(DAY);
    assert!(fleet.ask(0, &plan).await.allowed);
}

#[tokio::test]
async fn what_one_window_refuses_the_other_has_not_counted() {
    let fleet = Fleet::of(1);
    let plan = of_plan(2, 100);
    for _ in 0..10 {
        fleet.ask(0, &plan).await;
    }
    fleet.house.advance(Duration::from_secs(60));
    let mut last = 0;
    for _ in 0..2 {
        fleet.ask(0, &plan).await;
        last = fleet.ask(0, &[plan[1]]).await.remaining;
        fleet.house.advance(Duration::from_secs(60));
    }
    assert_eq!(last, 100 - 2 - 4, "two of the first minute, and the four of these");
}

#[tokio::test]
async fn a_plan_below_what_is_used_lets_nothing_through_until_the_window_ends() {
    let fleet = Fleet::of(2);
    for instance in [0, 1] {
        assert_eq!(fleet.in_turn(30, instance, &a_minute(600)).await.0, 30);
    }
    for instance in [0, 1] {
        let lowered = fleet.ask(instance, &a_minute(50)).await;
        assert_eq!((lowered.allowed, lowered.limit, lowered.remaining), (false, 50, 0));
    }
    // Raised again, the window goes on where it was.
    let raised = fleet.ask(1, &a_minute(600)).await;
    assert!(raised.allowed && raised.remaining <= 600 - 61, "{raised:?}");
    fleet.house.advance(Duration::from_secs(60));
    assert!(fleet.ask(0, &a_minute(50)).await.allowed);
}

#[tokio::test]
async fn a_counter_that_cannot_be_written_lets_nobody_through_and_keeps_nothing() {
    let fleet = Fleet::of(1);
    let plan = of_plan(60, 1000);
    fleet.house.faults.set(Plan::Throttle { percent: 100, seed: 1 });
    let app = &fleet.instances[0];
    let whose = (TENANT_ID, Id::of(Id::SMALLEST));
    for _ in 0..3 {
        let failed = app.limiter.spend(&*app.store, whose, &plan, fleet.house.now()).await;
        assert_eq!(failed.unwrap_err().kind, ErrorKind::Unavailable);
    }
    fleet.house.faults.set(Plan::Calm);
    assert_eq!(fleet.in_turn(70, 0, &plan).await.0, 60);
}

#[tokio::test]
async fn a_rate_a_second_holds_over_ten_instances_and_lets_a_hundredth_at_each_through_beside_it() {
    let fleet = Fleet::of(10);
    let limit = [Limit::a_second(100)];
    for _ in 0..3 {
        let (allowed, calls) =
            fleet.house.store_calls(fleet.at_once((0..5000).map(|n| n % 10), &limit)).await;
        assert!((500..=550).contains(&allowed), "{allowed} in five seconds of a hundred");
        assert!(calls <= 300, "{calls} calls for five thousand requests");
        let refused = fleet.ask(3, &limit).await;
        assert!(!refused.allowed && refused.reset * 1000 - fleet.house.now().0 <= 5000, "{refused:?}");
        assert_eq!(fleet.house.store_calls(fleet.ask(3, &limit)).await.1, 0, "it costs nothing to refuse");
        fleet.house.advance(Duration::from_secs(5));
    }
}

#[tokio::test]
async fn who_sends_little_costs_the_rate_no_write_and_who_sends_more_has_paid_for_all_of_it() {
    let fleet = Fleet::of(1);
    let limit = [Limit::a_second(100)];
    assert_eq!(fleet.in_turn(5, 0, &limit).await, (5, 0));
    let (allowed, calls) = fleet.in_turn(1000, 0, &limit).await;
    assert_eq!(allowed, 495);
    assert!(calls <= 50, "{calls} calls for five seconds of a hundred");
    let key = counter(RATE, Window::Burst.number(fleet.house.now()));
    let taken = fleet.house.store().get(&key).await.unwrap().as_ref().and_then(taken_of);
    assert_eq!(taken, Some(500));
    fleet.house.advance(Duration::from_secs(5));
    assert_eq!(
        fleet.in_turn(1, 0, &[Limit::a_second(1)]).await,
        (1, 1),
        "a small rate lets nobody in beside it"
    );
}

#[tokio::test]
async fn an_instance_forgets_the_windows_that_have_ended() {
    let fleet = Fleet::of(1);
    let app = &fleet.instances[0];
    for tenant in 1..=50 {
        let whose = (TenantId(tenant), Id::of(Id::SMALLEST));
        app.limiter.spend(&*app.store, whose, &[Limit::a_second(100)], fleet.house.now()).await.unwrap();
    }
    assert_eq!(app.limiter.windows_known(), 50);
    fleet.house.advance(Duration::from_secs(5));
    fleet.in_turn(1, 0, &[Limit::a_second(100)]).await;
    assert_eq!(app.limiter.windows_known(), 1);
}

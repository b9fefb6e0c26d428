//! What an organization settles about money: prices of its own, and budgets.
//!
//! Its one rule: what is decided is decided on what stands when it is written. Where another change was quicker, the decision
//! is made again.

use std::any::Any;

use super::{act::Act, again::Again, happened, origin::check_group};
use crate::{
    clock::Millis,
    domain::{
        budget::{Budget, MAX_BUDGETS, Period, Scope, THRESHOLDS},
        chore::What,
        money::Money,
        price::{self, MAX_PRICES, OwnPrice},
    },
    error::{Error, ErrorKind, Result},
    ids::{BudgetId, GroupId, Id},
    pricing::{PRICE_VERSION, Rates},
    repo::money::MAX_BYTES,
};

/// A price to set, in pico-dollars a token.
#[derive(Debug, Clone)]
pub struct NewPrice {
    pub model_id: String,
    /// The first day (UTC) on which it counts; ever since when left out.
    pub from: Option<String>,
    pub rates: Rates,
}

/// A budget to create.
#[derive(Debug, Clone)]
pub struct NewBudget {
    pub title: Option<String>,
    pub scope: Scope,
    pub period: Period,
    /// Pico-dollars.
    pub pico: i64,
    /// Percentages at which somebody is told.
    pub thresholds: Option<Vec<u16>>,
    /// The client group that hears of it, instead of the caller's.
    pub group_id: Option<GroupId>,
}

/// What to change of a budget; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct BudgetPatch {
    pub title: Option<String>,
    pub period: Option<Period>,
    /// Pico-dollars.
    pub pico: Option<i64>,
    pub thresholds: Option<Vec<u16>>,
}

/// Sets the price of a model from a day on, in place of the one that was set for the same model and day. Records that had no
/// price get it in the background.
pub async fn set_price(act: &Act, new: NewPrice) -> Result<OwnPrice> {
    let own = OwnPrice {
        model_id: new.model_id,
        from: new.from,
        rates: new.rates,
        version: format!("own-{}", act.app.id::<Id>()),
        set_by: act.actor.clone(),
        set_at: act.now,
    };
    change(act, |money| {
        match price::position(&money.prices, &own.model_id, own.from.as_deref()) {
            Some(at) => money.prices[at] = own.clone(),
            None if money.prices.len() >= MAX_PRICES => {
                let message = format!("There are {MAX_PRICES} prices already, as many as there may be.");
                return Err(full("too_many_prices", message));
            }
            None => money.prices.push(own.clone()),
        }
        Ok((own.clone(), Some(What::Reprice { from: None, version: PRICE_VERSION.into() })))
    })
    .await
}

/// Deletes the price of a model from a day on.
pub async fn delete_price(act: &Act, model_id: &str, from: Option<&str>) -> Result<()> {
    change(act, |money| {
        let at = price::position(&money.prices, model_id, from);
        money.prices.remove(at.ok_or_else(|| Error::not_found("price of this model and day"))?);
        Ok(((), None))
    })
    .await
}

/// Has the records since a moment priced anew, in the background.
pub async fn reprice(act: &Act, from: Millis) -> Result<Millis> {
    let metering = act.metering();
    let (chore, due) = metering.chore(What::Reprice { from: Some(from), version: PRICE_VERSION.into() });
    act.commit(vec![metering.chores().insert(&chore, due)?], &from).await?;
    Ok(from)
}

/// Creates a budget. Fails with `too_many_budgets` where there are as many as there may be.
pub async fn create_budget(act: &Act, new: NewBudget) -> Result<BudgetId> {
    check_group(act, new.group_id).await?;
    in_reach(act, &new.scope).await?;
    let budget = Budget {
        id: act.app.id(),
        title: new.title.unwrap_or_else(|| "Budget".into()),
        scope: new.scope,
        period: new.period,
        pico: new.pico,
        thresholds: new.thresholds.unwrap_or_else(|| THRESHOLDS.into()),
        group_id: new.group_id.unwrap_or(act.group_id),
        created_at: act.now,
        changed_at: act.now,
        told: Vec::new(),
    };
    change(act, |money| {
        if money.budgets.len() >= MAX_BUDGETS {
            let message = format!("There are {MAX_BUDGETS} budgets already, as many as there may be.");
            return Err(full("too_many_budgets", message));
        }
        money.budgets.push(budget.clone());
        Ok((budget.id, Some(What::CheckBudgets)))
    })
    .await
}

/// Whether somebody may see what a budget would show.
async fn in_reach(act: &Act, scope: &Scope) -> Result<()> {
    match scope {
        _ if act.reach.is_all() => Ok(()),
        Scope::Organization | Scope::Workflow(_) => {
            let message = "What is spent by the whole organization, or by a workflow in any group, is out of your client groups: say a group_id.";
            Err(Error::new(ErrorKind::Forbidden, "bound_to_groups", message))
        }
        Scope::Group(group) => check_group(act, Some(*group)).await,
    }
}

/// Changes a budget. With another amount or period, what was told of it is forgotten.
pub async fn update_budget(act: &Act, id: BudgetId, patch: BudgetPatch) -> Result<BudgetId> {
    change(act, |money| {
        let budget = money.budgets.iter_mut().find(|budget| budget.id == id && budget.shows(&act.reach));
        let budget = budget.ok_or_else(|| Error::not_found("budget"))?;
        let before = budget.clone();
        let patch = patch.clone();
        budget.title = patch.title.unwrap_or(before.title);
        budget.period = patch.period.unwrap_or(before.period);
        budget.pico = patch.pico.unwrap_or(before.pico);
        budget.thresholds = patch.thresholds.unwrap_or(before.thresholds);
        budget.changed_at = act.now;
        if (budget.pico, budget.period) != (before.pico, before.period) {
            budget.told.clear();
        }
        Ok((id, Some(What::CheckBudgets)))
    })
    .await
}

/// Deletes a budget.
pub async fn delete_budget(act: &Act, id: BudgetId) -> Result<BudgetId> {
    change(act, |money| {
        let at = money.budgets.iter().position(|budget| budget.id == id && budget.shows(&act.reach));
        money.budgets.remove(at.ok_or_else(|| Error::not_found("budget"))?);
        Ok((id, None))
    })
    .await
}

/// Decides on what is settled and writes what was decided, with what is to be done after it.
async fn change<O: Any + Send + Sync>(
    act: &Act,
    decide: impl Fn(&mut Money) -> Result<(O, Option<What>)>,
) -> Result<O> {
    let (settled, metering) = (act.repos().settled(), act.metering());
    // Those of one process queue up, so that many writers do not spend their attempts on each other.
    let _turn = metering.turn().await;
    let mut again = Again::new(&act.app, "what is settled about money");
    let mut stands = settled.load().await?;
    loop {
        let mut next = stands.clone();
        let (outcome, owed) = decide(&mut next)?;
        next.v += 1;
        next.changed_as = Some(act.app.id::<Id>());
        if !settled.fits(&next)? {
            return Err(too_large());
        }
        let changed = [("prices", !next.prices_like(&stands)), ("budgets", !next.budgets_like(&stands))];
        let changed = changed.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name);
        let mut writes = vec![settled.put_next(&next)?];
        writes.extend(happened::settings(act, changed)?);
        if let Some(what) = owed {
            let (chore, due) = metering.chore(what);
            writes.push(metering.chores().insert(&chore, due)?);
        }
        let Err(refused) = act.commit(writes, &outcome).await else {
            metering.forget();
            return Ok(outcome);
        };
        let standing: Option<Money> = refused.standing()?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first. The same change of somebody
        // else's is another one: who deletes second finds nothing.
        if standing.as_ref().is_some_and(|standing| standing.changed_as == next.changed_as) {
            metering.forget();
            return Ok(outcome);
        }
        again.after(refused).await?;
        stands = match standing {
            Some(standing) => standing,
            None => settled.load().await?,
        };
    }
}

fn too_large() -> Error {
    let message =
        format!("Prices and budgets of an organization may take up {} KB together.", MAX_BYTES / 1024);
    Error::new(ErrorKind::TooLarge, "too_large", message)
}

/// The refusal of one more where there are as many as there may be.
fn full(code: &'static str, message: String) -> Error {
    Error::new(ErrorKind::WrongState, code, message)
}

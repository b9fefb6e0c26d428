//! Very many leads, put there without requests: for tests and measurements of what lists cost.

use futures::{StreamExt, TryStreamExt, stream};

use shared::{
    clock::Millis,
    domain::{
        lead::{Change, Lead, Profile},
        review::Review,
        subject::Subject,
    },
    ids::{GroupId, Id, StatusId},
    repo::leads::Leads,
    store::{Store, StoreError},
    tenant::TenantId,
};

const FIRST: [&str; 8] = ["Ada", "Ben", "Chloe", "Dan", "Eve", "Finn", "Gia", "Hugo"];
const LAST: [&str; 9] = ["Adler", "Brown", "Costa", "Diaz", "Evans", "Fox", "Garcia", "Huang", "Ito"];
const SOURCES: [&str; 4] = ["Website Form", "Chatbot", "Fair", "Referral"];

/// Leads of one transaction: each has some sixteen items, and a hundred may be written at once.
const LEADS: usize = 5;

/// The address of number `n` of a crowd.
pub fn address(n: u64) -> String {
    format!("person{n}@example.com")
}

/// Stores `count` leads in one client group, with the ids from `first` on. Every combination of status and source occurs
/// equally often; every ninth is called Ito.
pub async fn crowd(
    store: &dyn Store,
    tenant: TenantId,
    group: GroupId,
    first: u64,
    count: u64,
) -> Result<(), StoreError> {
    let chunks = (0..count).step_by(LEADS).map(|from| from..count.min(from + LEADS as u64));
    stream::iter(chunks)
        .map(|numbers| async {
            let leads = Leads::new(store, tenant);
            let mut writes = Vec::new();
            for n in numbers {
                let id = Id::from_u64(first + n).ok_or_else(|| StoreError::Invalid("no id".into()))?;
                writes.extend(leads.insert(&person(n, id, group))?);
            }
            store.transact(writes).await
        })
        // Transactions that are under way together share a flush of the disk.
        .buffer_unordered(64)
        .try_for_each(|()| async { Ok(()) })
        .await
}

fn person(n: u64, id: Id, group_id: GroupId) -> Lead {
    let pick = |all: &[&str], n: u64| all[usize::try_from(n).unwrap_or(0) % all.len()].to_owned();
    let now = Millis(1_737_455_400_000);
    let subject = Subject {
        id,
        group_id,
        installation_id: None,
        workflow_id: None,
        execution_id: None,
        node: None,
        execution_state: None,
        sealed_resume_url: None,
        resume_suffix: None,
        sealed_resume_headers: None,
        review: Review::default(),
        created_at: now,
        posted_at: now,
        changed_at: now,
        apart: false,
        v: 1,
    };
    let change = Change {
        email: Some(address(n)),
        profile: Profile {
            first_name: Some(pick(&FIRST, n)),
            last_name: Some(pick(&LAST, n)),
            company_name: Some(format!("Company {}", n % 500)),
            lead_source: Some(pick(&SOURCES, n / 7)),
            lead_score: Some(n % 101),
            ..Profile::default()
        },
        status_id: StatusId::from_u64(n % 7 + 1),
        ..Change::default()
    };
    Lead { owns_email: true, ..Lead::new(subject, change) }
}

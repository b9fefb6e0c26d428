//! What lies in a client group that goes, kind by kind.
//!
//! Its one rule: what is one's own in the old group (an address, a number, a title, a session) stays so in the new one where nobody has
//! it there, and otherwise the one that comes gives way.

use super::Goes;
use crate::{
    app::App,
    domain::{
        budget::{Budget, Scope},
        chat::Chat,
        collection::Collection,
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
    },
    error::Result,
    ids::{GroupId, Id},
    ops::again::Again,
    repo::{
        collections::TITLE, indexed::Indexed, invoices, invoices::NUMBER, leads, listing::Listed, media,
        notifications, payloads, subjects::Subjects,
    },
    store::{self, StoreError},
    tenant::TenantId,
    work::chore::rewrite,
};

/// Things of a step.
const PAGE: usize = 100;
/// Longest title of a collection.
const TITLE_CHARS: usize = 255;

/// From one group to another.
pub(super) struct Move<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
    pub from: GroupId,
    pub to: GroupId,
}

/// Where a list that is looked through goes on.
fn on<T>(listed: &Listed<T>) -> Goes {
    listed.next.map_or(Goes::Through, |next| Goes::On(Some(next)))
}

impl Move<'_> {
    /// The table of what is listed by group. Where it is not yet, a page may be empty and not the last.
    async fn listed<E: Indexed>(&self) -> Result<Subjects<'_, E>> {
        let grouped = self.app.grouped(self.tenant).await?;
        Ok(self.app.repos(self.tenant).subjects().grouped(grouped))
    }

    /// A page of what is listed by group: what has moved is in it no more.
    async fn indexed<E: Indexed>(&self, Listed { found, next, .. }: Listed<E>) -> Result<Goes> {
        if found.is_empty() {
            return Ok(next.map_or(Goes::Through, |next| Goes::On(Some(next))));
        }
        let entities = self.app.repos(self.tenant).subjects::<E>();
        rewrite::all(self.app, &entities, found, |entity: &mut E| self.put(entity.subject_mut())).await?;
        Ok(Goes::On(None))
    }

    fn put(&self, subject: &mut crate::domain::subject::Subject) {
        if subject.group_id == self.from {
            subject.group_id = self.to;
        }
    }

    pub async fn media(&self, below: Option<Id>) -> Result<Goes> {
        let filter = media::Filter { group_id: Some(self.from), ..Default::default() };
        let page = self.listed::<MediaItem>().await?.list(&filter, PAGE, below).await?;
        self.indexed(page).await
    }

    /// Of two leads of one address the one that was there before owns it.
    pub async fn leads(&self, below: Option<Id>) -> Result<Goes> {
        let filter = leads::Filter { group_id: Some(self.from), ..Default::default() };
        let page = self.listed::<Lead>().await?.list(&filter, PAGE, below).await?;
        if page.found.is_empty() {
            return Ok(on(&page));
        }
        for lead in page.found {
            self.lead(lead).await?;
        }
        Ok(Goes::On(None))
    }

    async fn lead(&self, mut before: Lead) -> Result<()> {
        let leads = self.app.repos(self.tenant).leads();
        let mut again = Again::new(self.app, "a lead that moves");
        while before.subject.group_id == self.from {
            let mut after = before.clone();
            self.put(&mut after.subject);
            let holder = leads.holder(self.to, &after.folded_email()).await?;
            after.owns_email = before.owns_email && holder.is_none();
            after.subject.v += 1;
            match store::apply(&*self.app.store, leads.replace(&before, &after)?).await {
                Ok(()) => return Ok(()),
                Err(error) => again.after(error).await?,
            }
            match leads.get(before.id()).await? {
                Some(now) => before = now,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    pub async fn payloads(&self, below: Option<Id>) -> Result<Goes> {
        let payloads = self.app.repos(self.tenant).payloads();
        let filter = payloads::Filter { group_id: Some(self.from), ..Default::default() };
        let page = payloads.list(&filter, PAGE, below).await?;
        let goes = on(&page);
        rewrite::all(self.app, &payloads, page.found, |one: &mut Payload| self.put(&mut one.subject)).await?;
        Ok(goes)
    }

    /// Of two invoices of one number the one that was there before holds it.
    pub async fn invoices(&self, below: Option<Id>) -> Result<Goes> {
        let invoices = self.app.repos(self.tenant).invoices();
        let filter = invoices::Filter { group_id: Some(self.from), ..Default::default() };
        let page = invoices.list(&filter, PAGE, below).await?;
        let goes = on(&page);
        for invoice in page.found {
            self.invoice(invoice).await?;
        }
        Ok(goes)
    }

    async fn invoice(&self, mut before: Invoice) -> Result<()> {
        let invoices = self.app.repos(self.tenant).invoices();
        let mut again = Again::new(self.app, "an invoice that moves");
        let mut taken = false;
        while before.subject.group_id == self.from {
            let mut after = before.clone();
            self.put(&mut after.subject);
            after.holds_number = before.holds_number && !taken;
            after.subject.v += 1;
            match store::apply(&*self.app.store, invoices.replace(&before, &after)?).await {
                Ok(()) => return Ok(()),
                Err(error) if error.refused_by(NUMBER).is_some() && !taken => taken = true,
                Err(error) => again.after(error).await?,
            }
            match invoices.get(before.id()).await? {
                Some(now) => before = now,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    pub async fn notifications(&self, below: Option<Id>) -> Result<Goes> {
        let notifications = self.app.repos(self.tenant).notifications();
        let filter = notifications::Filter { group_id: Some(self.from), ..Default::default() };
        let page = notifications.list(&filter, PAGE, below).await?;
        for one in &page.found {
            match self.app.store.write(notifications.regroup(one.id, self.to)).await {
                Ok(_) | Err(StoreError::ConditionFailed(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(on(&page))
    }

    /// A session that is a chat in the new group already goes on there, and the one that comes has another name.
    pub async fn chats(&self, below: Option<Id>) -> Result<Goes> {
        let chats = self.app.repos(self.tenant).chats();
        let filter = crate::repo::chats::Filter { group_id: Some(self.from), ..Default::default() };
        let page = chats.list(&filter, PAGE, below).await?;
        let goes = on(&page);
        for chat in page.found {
            self.chat(chat).await?;
        }
        Ok(goes)
    }

    async fn chat(&self, mut before: Chat) -> Result<()> {
        let chats = self.app.repos(self.tenant).chats();
        let mut again = Again::new(self.app, "a chat that moves");
        while before.group_id == self.from {
            let mut after = Chat { group_id: self.to, v: before.v + 1, ..before.clone() };
            if chats.of_session(self.to, &after.session_id).await?.is_some() {
                after.session_id = format!("{}~{}", after.session_id, after.id);
            }
            match store::apply(&*self.app.store, chats.regroup(&before, &after)?).await {
                Ok(()) => return Ok(()),
                Err(error) => again.after(error).await?,
            }
            match chats.get(before.id).await? {
                Some(now) => before = now,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// A title that is taken in the new group is told apart by the id.
    pub async fn collections(&self) -> Result<Goes> {
        for counted in self.app.repos(self.tenant).collections().all().await?.found {
            self.collection(counted.collection).await?;
        }
        Ok(Goes::Through)
    }

    async fn collection(&self, mut before: Collection) -> Result<()> {
        let collections = self.app.repos(self.tenant).collections();
        let mut again = Again::new(self.app, "a collection that moves");
        let mut taken = false;
        while before.group_id == self.from {
            let mut after = Collection { group_id: self.to, v: before.v + 1, ..before.clone() };
            if taken {
                let mark = format!(" {}", after.id);
                let room = TITLE_CHARS.saturating_sub(mark.len());
                after.title = before.title.chars().take(room).collect::<String>() + &mark;
            }
            match store::apply(&*self.app.store, collections.replace(&before, &after)?).await {
                Ok(()) => return Ok(()),
                Err(error) if error.refused_by(TITLE).is_some() && !taken => taken = true,
                Err(error) => again.after(error).await?,
            }
            match collections.get(before.id).await? {
                Some(now) => before = now,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    pub async fn installations(&self) -> Result<Goes> {
        let installations = self.app.repos(self.tenant).installations();
        for one in installations.every(installations.oldest()).await?.found {
            let mut again = Again::new(self.app, "an installation that moves");
            loop {
                let Some(owing) = installations.get_owing(one.id).await? else { break };
                if owing.item.group_id != self.from {
                    break;
                }
                let mut after = owing.item.clone();
                after.group_id = self.to;
                after.v += 1;
                let writes = installations.replace(&owing.item, &after, owing.due_at)?;
                match store::apply(&*self.app.store, writes).await {
                    Ok(()) => break,
                    Err(error) => again.after(error).await?,
                }
            }
            crate::installed::Installed::new(self.app, self.tenant).reread(one.id);
        }
        Ok(Goes::Through)
    }

    /// What the old group spent stays its own: a budget over it counts what the new one spends.
    pub async fn budgets(&self) -> Result<Goes> {
        let settled = self.app.repos(self.tenant).settled();
        let mut again = Again::new(self.app, "the budgets of a group that moves");
        loop {
            let before = settled.load().await?;
            let mut after = before.clone();
            for budget in &mut after.budgets {
                self.budget(budget);
            }
            if after.budgets == before.budgets {
                return Ok(Goes::Through);
            }
            after.v += 1;
            match self.app.store.write(settled.put_next(&after)?).await {
                Ok(_) => return Ok(Goes::Through),
                Err(error) => again.after(error).await?,
            }
        }
    }

    fn budget(&self, budget: &mut Budget) {
        if budget.group_id == self.from {
            budget.group_id = self.to;
        }
        if budget.scope == Scope::Group(self.from) {
            budget.scope = Scope::Group(self.to);
        }
    }
}

//! What callers say of members.

use shared::{
    domain::org::Role,
    http::input::{Email, Flag, Kept, List, Patch, Patched, Text, Word},
    ids::GroupId,
    ops::team::{Invite, MAX_GROUPS, MemberPatch},
};

shared::input! {
    /// Somebody to invite. Other fields are refused, for one that is misspelt would leave a member who may see more than he was
    /// meant to.
    pub closed struct InviteMember {
        /// Must have no account yet.
        #[example("jane.doe@example.com")]
        email: Email,
        /// What the member may do.
        #[example("editor")]
        role: Word<Role>,
        #[example("Jane Doe")]
        name: Option<Text<100>>,
        /// The client groups that the member is bound to; all of them when left out. An admin cannot be bound.
        group_ids: Kept<List<GroupId, MAX_GROUPS>>,
    }
}

shared::input! {
    /// What is to be different of a member.
    pub closed struct UpdateMember {
        /// Null takes it away.
        #[example("Jane Doe")]
        name: Patch<Text<100>>,
        #[example("viewer")]
        role: Kept<Word<Role>>,
        /// The client groups that the member is bound to; none for all of them.
        group_ids: Kept<List<GroupId, MAX_GROUPS>>,
        /// `false` takes the second factor away, for somebody who has lost it. Nobody can give another one.
        #[example(false)]
        second_factor: Option<Flag>,
    }
    then(fields) {
        taken: bool = {
            if second_factor == Some(true) {
                fields.refuse("second_factor", "can only be taken away: members choose their own");
            }
            second_factor == Some(false)
        },
    }
}

impl From<InviteMember> for Invite {
    fn from(input: InviteMember) -> Self {
        Self {
            email: input.email,
            role: input.role,
            name: input.name,
            groups: input.group_ids.unwrap_or_default(),
        }
    }
}

impl From<UpdateMember> for MemberPatch {
    fn from(input: UpdateMember) -> Self {
        let name = match input.name {
            Patched::Stays => None,
            Patched::Taken => Some(None),
            Patched::Set(name) => Some(Some(name)),
        };
        Self { name, role: input.role, groups: input.group_ids, forget_second_factor: input.taken }
    }
}

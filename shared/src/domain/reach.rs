//! Which client groups somebody sees.
//!
//! Its one rule: what lies in a group out of reach is not there, as if it were another tenant's.

use std::sync::Arc;

use crate::ids::GroupId;

/// All client groups of the organization, or those that a person or a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reach {
    #[default]
    All,
    Only(Bound),
}

/// Client groups, sorted and each once. None of them: nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Those that are there.
    groups: Arc<[GroupId]>,
    /// And those that were deleted and went to one of them: what is still on its way lies there, and what is only told of them, such
    /// as events and usage, stays there.
    every: Arc<[GroupId]>,
}

/// Nothing is out of reach: for workers, and for whoever is bound to no group.
pub static ALL: Reach = Reach::All;

/// Client groups that a person or a key may be bound to, at the most: lists are put together from as many.
pub const MAX_BOUND: usize = 50;

impl Reach {
    /// As it is stored of a person or a key: no group stands for all.
    pub fn of(groups: &[GroupId]) -> Self {
        Self::with_former(groups, &[])
    }

    /// The same, with groups that were deleted and went to those.
    pub fn with_former(groups: &[GroupId], former: &[GroupId]) -> Self {
        if groups.is_empty() {
            return Self::All;
        }
        Self::only(groups.iter().copied(), groups.iter().chain(former).copied())
    }

    fn only(groups: impl Iterator<Item = GroupId>, every: impl Iterator<Item = GroupId>) -> Self {
        let sorted = |groups: &mut dyn Iterator<Item = GroupId>| {
            let mut groups: Vec<_> = groups.collect();
            groups.sort_unstable();
            groups.dedup();
            Arc::from(groups)
        };
        let (mut groups, mut every) = (groups, every);
        Self::Only(Bound { groups: sorted(&mut groups), every: sorted(&mut every) })
    }

    pub fn covers(&self, group: GroupId) -> bool {
        self.every().is_none_or(|every| every.binary_search(&group).is_ok())
    }

    /// Whether what lies in this group, or in none because it is the whole organization's, is there for whoever has it.
    pub fn shows(&self, group: Option<GroupId>) -> bool {
        group.is_none_or(|group| self.covers(group))
    }

    /// The one group that all lies in which it covers, where it is one.
    pub fn only_one(&self) -> Option<GroupId> {
        match self.every() {
            Some([one]) => Some(*one),
            _ => None,
        }
    }

    /// The group that what is made belongs to where nothing else says so: this one if it is covered, else the first that is.
    pub fn home(&self, group: GroupId) -> GroupId {
        match self.groups() {
            Some(groups @ [first, ..]) if groups.binary_search(&group).is_err() => *first,
            _ => group,
        }
    }

    /// What both cover.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, reach) | (reach, Self::All) => reach.clone(),
            (Self::Only(bound), other) => {
                let both = |groups: &Arc<[GroupId]>| {
                    groups.iter().copied().filter(|group| other.covers(*group)).collect::<Vec<_>>()
                };
                Self::only(both(&bound.groups).into_iter(), both(&bound.every).into_iter())
            }
        }
    }

    /// The groups that are there, where it is bound to some.
    pub fn groups(&self) -> Option<&[GroupId]> {
        match self {
            Self::All => None,
            Self::Only(bound) => Some(&bound.groups),
        }
    }

    /// Those and the ones that went to them: where to look for what it covers.
    pub fn every(&self) -> Option<&[GroupId]> {
        match self {
            Self::All => None,
            Self::Only(bound) => Some(&bound.every),
        }
    }

    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(n: u64) -> GroupId {
        GroupId::from_u64(n).unwrap()
    }

    #[test]
    fn no_group_is_all_of_them_and_two_reaches_share_what_both_cover() {
        let (all, some) = (Reach::of(&[]), Reach::of(&[group(2), group(1), group(2)]));
        assert!(all.is_all() && all.covers(group(9)));
        assert_eq!(some.groups(), Some(&[group(1), group(2)][..]));
        assert!(some.covers(group(1)) && !some.covers(group(3)));
        assert_eq!((some.within(&all), all.within(&some)), (some.clone(), some.clone()));
        let other = Reach::of(&[group(2), group(3)]);
        assert_eq!(some.within(&other), Reach::of(&[group(2)]));
        assert_eq!(
            (all.home(group(9)), some.home(group(9)), some.home(group(2))),
            (group(9), group(1), group(2))
        );
        assert_eq!((some.only_one(), other.within(&some).only_one()), (None, Some(group(2))));
        assert!(
            all.shows(None) && some.shows(None) && some.shows(Some(group(1))) && !some.shows(Some(group(9)))
        );
        let moved = Reach::with_former(&[group(5)], &[group(2)]);
        assert!(moved.covers(group(2)) && moved.covers(group(5)) && !moved.covers(group(1)));
        assert_eq!((moved.groups(), moved.only_one()), (Some(&[group(5)][..]), None));
        assert_eq!((moved.every(), moved.home(group(2))), (Some(&[group(2), group(5)][..]), group(5)));
        assert_eq!(moved.within(&Reach::of(&[group(5)])), Reach::of(&[group(5)]));
        assert!(Reach::with_former(&[], &[group(2)]).is_all());
        let nothing = some.within(&Reach::of(&[group(3)]));
        assert!(!nothing.is_all() && !nothing.covers(group(1)) && nothing.groups() == Some(&[]));
    }
}

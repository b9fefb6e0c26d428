//! Lists and objects within a field. What is wrong inside of them is named by its path: `items[3].quantity`.

use bytes::Bytes;

use super::{Fields, Sent, code};
use crate::{
    http::input::{Field, Input},
    json::{Kind, Part},
};

/// The name of a list's item while it is read; its path takes the place.
const ITEM: &str = "";

impl Fields {
    /// The items of a list, of which there may be so many. `read` reads an item as the field of the name that it is given.
    pub fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        mut read: impl FnMut(&mut Self, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let sent = self.json(name)?;
        let Kind::List(items) = sent.part().kind() else {
            return self.wrong(name, code::TYPE, "must be a list");
        };
        if items.clone().nth(most).is_some() {
            return self.wrong(name, code::TOO_LONG, &format!("must have at most {most} items"));
        }
        let whole = Bytes::from(sent.into_string());
        let mut found = Some(Vec::new());
        for (at, item) in Part::cut(&whole).items().enumerate() {
            let item = Sent::Json(whole.slice_ref(item.as_str().as_bytes()));
            let mut one = Self { members: vec![(ITEM.into(), item)], part: self.part, ..Self::default() };
            one.strict = self.strict;
            let value = read(&mut one, ITEM);
            if value.is_none() && !one.is_refused_anywhere() {
                one.refuse_as(ITEM, code::REQUIRED, "is required");
            }
            self.take_over(&format!("{name}[{at}]"), one);
            found = found.zip(value).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        found
    }

    /// Reads another part of the same request, and gathers what is wrong with it here.
    pub fn beside<T: Input>(&mut self, mut other: Self) -> Option<T> {
        let read = T::open(&mut other);
        self.take_over("", other);
        read
    }

    /// Looks at a field without a word on what may be wrong with it.
    pub fn peek<F: Field>(&self, name: &str) -> Option<F::Value> {
        let members = self.members.iter().filter(|(known, _)| known == name).cloned().collect();
        F::read(&mut Self { members, strict: self.strict, ..Self::default() }, name)
    }

    /// What `read` makes of the members of an object.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let bytes = Bytes::from(self.json(name)?.into_string());
        if !Part::cut(&bytes).is_object() {
            return self.wrong(name, code::TYPE, "must be an object");
        }
        let Some(mut inner) = Self::of(&bytes, Part::cut(&bytes)) else {
            return self.wrong(name, code::TOO_LARGE, "has too many members");
        };
        (inner.strict, inner.part) = (self.strict, self.part);
        let value = read(&mut inner);
        self.take_over(name, inner);
        value
    }

    /// Takes over what is wrong within a field.
    fn take_over(&mut self, name: &str, inner: Self) {
        for (path, problems) in inner.problems {
            let path = match (name, path.as_str()) {
                ("", _) => path,
                (name, "") => name.to_owned(),
                (name, path) if path.starts_with('[') => format!("{name}{path}"),
                (name, path) => format!("{name}.{path}"),
            };
            for problem in problems {
                self.add(&path, problem);
            }
        }
    }

    fn is_refused_anywhere(&self) -> bool {
        !self.problems.is_empty()
    }
}

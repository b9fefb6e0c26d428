//! The two shapes in which groups of dialect A answer again and again: that something was done to one entity, and a page of a
//! list.
//!
//! Its one rule: a shape is written once. What differs from group to group is a name and words, and those are declared where the
//! handler stands.

/// That something was done to one entity: `{success, id, message}`, and `warnings` where there may be some.
///
/// ```ignore
/// ack! {
///     /// The alert is gone.
///     Deleted as DeletedAlert, 42: "Alert deleted successfully."
/// }
/// ```
///
/// makes a `Deleted` that the API documents call `DeletedAlert`, with the id 42 as its example. `Deleted::of(&id)` is its reply. That
/// of something `new` has the status 201; one that is `warned` is of what [`Deleted`](crate::ops::deletion::Deleted)
/// says.
#[macro_export]
macro_rules! ack {
    ($(#[$about:meta])* $name:ident as $schema:ident, $example:literal: $message:literal) => {
        $crate::ack! { @plain ok, $(#[$about])* $name as $schema, $example: $message }
    };
    ($(#[$about:meta])* $name:ident as $schema:ident, $example:literal, new: $message:literal) => {
        $crate::ack! { @plain created, $(#[$about])* $name as $schema, $example: $message }
    };
    (@plain $status:ident, $(#[$about:meta])* $name:ident as $schema:ident, $example:literal: $message:literal) => {
        $(#[$about])*
        #[derive(Debug, ::serde::Serialize, ::utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $name {
            success: bool,
            #[schema(value_type = u64, example = $example)]
            id: $crate::ids::Id,
            #[schema(example = $message)]
            message: &'static str,
        }

        impl $name {
            /// The reply about this entity.
            fn of<I: $crate::ids::EntityId>(
                id: &I,
            ) -> $crate::error::Result<$crate::http::reply::Reply> {
                let id = (*id).into();
                $crate::http::reply::Reply::$status(&Self { success: true, id, message: $message })
            }
        }
    };
    ($(#[$about:meta])* $name:ident as $schema:ident, $example:literal, warned: $message:literal) => {
        $(#[$about])*
        #[derive(Debug, ::serde::Serialize, ::utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $name {
            success: bool,
            #[schema(value_type = u64, example = $example)]
            id: $crate::ids::Id,
            #[schema(example = $message)]
            message: &'static str,
            /// What else to know; absent when there is nothing. `execution_waits`: nobody has decided, and n8n waits on.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            warnings: Vec<$crate::ops::Warning>,
        }

        impl $name {
            /// The reply about this entity.
            fn of(
                done: &$crate::ops::deletion::Deleted,
            ) -> $crate::error::Result<$crate::http::reply::Reply> {
                let (id, warnings) = (done.id, done.warnings.clone());
                $crate::http::reply::Reply::ok(&Self { success: true, id, message: $message, warnings })
            }
        }
    };
}

/// A page of a list: the entities, how many they are, how many match in all, and where the next page begins.
///
/// ```ignore
/// listing! {
///     /// A page of payloads, newest first.
///     Listing as PayloadPage { payloads: PayloadOut }
/// }
/// ```
///
/// `Listing::of(tenant, page, id, show)` is its reply, made of what an operation found.
#[macro_export]
macro_rules! listing {
    ($(#[$about:meta])* $name:ident as $schema:ident { $entities:ident: $shown:ty }) => {
        // utoipa finds a generic type by its last name only.
        use $crate::http::shown::Shown;

        $(#[$about])*
        #[derive(Debug, ::serde::Serialize, ::utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $name {
            $entities: Vec<Shown<$shown>>,
            /// How many are on this page.
            count: usize,
            /// How many match in all; null while there are further pages.
            total: Option<usize>,
            /// Sent back as `cursor` it gives the next page; null on the last.
            next_cursor: Option<String>,
        }

        impl $name {
            /// The reply with this page.
            fn of<T, I: Into<$crate::ids::Id>>(
                tenant: $crate::tenant::TenantId,
                page: $crate::ops::lists::Found<T>,
                id: impl Fn(&T) -> I,
                show: impl FnMut(T) -> $crate::error::Result<$shown>,
            ) -> $crate::error::Result<$crate::http::reply::Reply> {
                let (total, next) = (page.total, page.next);
                let $entities = $crate::http::shown::shown(tenant, page.rows, id, show)?;
                let (count, next_cursor) = ($entities.len(), next.as_ref().map($crate::http::page::cursor_to));
                $crate::http::reply::Reply::ok(&Self { $entities, count, total, next_cursor })
            }
        }
    };
}

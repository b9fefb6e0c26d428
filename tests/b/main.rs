//! What single routes of dialect B promise beyond what holds for all routes (`house`). Laid out like the URL tree.

mod events;

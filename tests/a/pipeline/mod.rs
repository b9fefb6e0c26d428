mod fields;
mod statuses;
mod together;
mod view;

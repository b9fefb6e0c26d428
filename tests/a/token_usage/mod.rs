mod budgets;
mod prices;
mod record;
mod records;
mod stats;

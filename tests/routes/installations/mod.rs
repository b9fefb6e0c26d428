mod installed;
mod metering;
mod push;
mod register;
mod settling;

mod alerts;
mod installed;
mod installs;
mod metering;
mod push;
mod register;
mod settling;

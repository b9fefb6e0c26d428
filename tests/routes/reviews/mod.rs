mod decide;
mod leads;
mod regenerate;

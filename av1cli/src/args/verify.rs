//! The arguments of `av1cli verify`.

use std::path::PathBuf;

use av1plan::judge::MetricName;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The result
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What it was made from
    #[arg(long, value_name = "ORIGINAL")]
    pub(crate) against: Option<PathBuf>,
    /// Score three windows of five seconds instead of all of it
    #[arg(long, requires = "against")]
    pub(crate) sample: bool,
    /// Score by this [default: the best there is]
    #[arg(long, value_name = "METRIC", requires = "against", value_parser = metric_parser())]
    pub(crate) metric: Option<MetricName>,
    /// Print a JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

fn metric_parser() -> impl TypedValueParser<Value = MetricName> {
    let names = MetricName::of_ffmpeg().map(MetricName::name);
    PossibleValuesParser::new(names)
        .try_map(|name| name.parse::<MetricName>().map_err(|error| error.to_string()))
}

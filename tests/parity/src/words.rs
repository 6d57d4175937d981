//! What packages of the corpus are about. `{place}` and `{year}` are filled in.

/// A subject that people share data of.
pub(crate) struct Topic {
    /// The value of the governed tag `theme`.
    pub(crate) theme: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) source: &'static str,
    pub(crate) files: &'static [&'static str],
    pub(crate) columns: &'static [&'static str],
}

/// Where data comes from; in several scripts, with accents that people leave out.
pub(crate) const PLACES: [&str; 10] =
    ["Zürich", "São Paulo", "Kraków", "Malmö", "Łódź", "Reykjavík", "Tromsø", "Besançon", "New York", "Αθήνα"];

/// More of them than a facet tells.
pub(crate) const OWNERS: [&str; 26] = [
    "ann", "bob", "cyd", "dov", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "lea", "max", "nia", "ola", "pam", "quin", "ron", "sue",
    "tom", "una", "vic", "wes", "xena", "yan", "zoe",
];

/// Groups that packages are shared with.
pub(crate) const GROUPS: [&str; 5] = ["research", "weather", "health", "finance", "city-planning"];

pub(crate) const TOPICS: [Topic; 24] = [
    Topic {
        theme: "aviation",
        name: "Flight delays at {place}",
        description: "Departures and arrivals of passenger flights in {year}, with every delay in minutes and its cause: weather, \
                      carrier, late aircraft. Delayed flights are those that leave 15 minutes late or more.",
        source: "Bureau of Transportation Statistics",
        files: &["flights-{year}.csv", "data/FlightDelays.parquet", "airports.json"],
        columns: &["origin", "destination", "DelayMinutes"],
    },
    Topic {
        theme: "weather",
        name: "Weather observations, {place} {year}",
        description: "Hourly temperature, rainfall, wind and pressure measured by the météo station of {place}.",
        source: "National Weather Service",
        files: &["observations/year={year}/part-0.parquet", "stations.csv", "model/forecast.grib"],
        columns: &["station_id", "temperature", "windSpeed"],
    },
    Topic {
        theme: "air",
        name: "Air quality in {place}",
        description: "Particulate matter (PM10, PM2.5), ozone and nitrogen dioxide. The sensors' readings were validated in {year}.",
        source: "Environment Agency",
        files: &["air-quality.csv.gz", "sensors.geojson"],
        columns: &["pm10", "pm25", "ozone"],
    },
    Topic {
        theme: "farming",
        name: "Crop yields around {place}",
        description: "Harvested areas and yields of wheat, maize, barley and potatoes per farm, irrigated or not.",
        source: "Ministry of Agriculture",
        files: &["yields_{year}.xlsx", "farms.gpkg", "README.txt"],
        columns: &["crop", "hectares", "tonnes"],
    },
    Topic {
        theme: "water",
        name: "River levels of {place}",
        description: "Gauge readings of rivers and canals, flood warnings issued, and the highest level of each day.",
        source: "Water Board",
        files: &["levels.tsv", "gauges.geojson", "warnings/{year}.xml"],
        columns: &["gauge", "level_cm", "warned"],
    },
    Topic {
        theme: "energy",
        name: "Household energy: {place}",
        description: "Électricité, gas and district heating of 5,000 households. Meters were read every fifteen minutes.",
        source: "Utilities Office",
        files: &["meters/{year}.parquet", "households.csv"],
        columns: &["meter", "kWh", "readAt"],
    },
    Topic {
        theme: "cycling",
        name: "Bicycle counts \u{2013} {place}",
        description: "Counting stations for cyclists before and after the new lanes were built; counted by day, {year} and later.",
        source: "City of {place}",
        files: &["counts.csv", "lanes.shp", "photos/station-1.png"],
        columns: &["counter", "cyclists"],
    },
    Topic {
        theme: "hospitals",
        name: "Hospital admissions {place} {year}",
        description: "Admissions by diagnosis, age and ward. Patients' names were removed; small numbers are rounded.",
        source: "Health Service",
        files: &["admissions.csv", "icd10.txt"],
        columns: &["diagnosis", "admitted", "discharged"],
    },
    Topic {
        theme: "food",
        name: "Café and restaurant inspections, {place}",
        description: "Results of hygiene inspections of cafés, restaurants and bakeries, with the inspectors' remarks.",
        source: "Food Safety Authority",
        files: &["inspections-{year}.csv", "remarks.pdf"],
        columns: &["business", "grade", "inspectedOn"],
    },
    Topic {
        theme: "schools",
        name: "School results in {place}",
        description: "Examination results of schools by subject. Schools with fewer than ten pupils aren't listed.",
        source: "Education Office",
        files: &["results/{year}/schools.csv", "subjects.json"],
        columns: &["school", "subject", "average"],
    },
    Topic {
        theme: "transit",
        name: "Bus & tram timetables of {place}",
        description: "Stops, routes and timetables of buses and trams, as planned and as driven.",
        source: "Transit Authority",
        files: &["gtfs.zip", "stops.txt", "delays-{year}.avro"],
        columns: &["stop_id", "route", "arrival"],
    },
    Topic {
        theme: "libraries",
        name: "Library loans {year} ({place})",
        description: "Loans and returns of public libraries: books, films, naïve children's songs. Readers are numbers, not names.",
        source: "Public Library of {place}",
        files: &["loans.csv", "catalogue.xml", "songs/naive.mp3"],
        columns: &["title", "author", "loaned"],
    },
    Topic {
        theme: "finance",
        name: "Budget and taxes of {place}, {year}",
        description: "Revenue from taxes and fees, spending by department, debts; planned, corrected and final figures.",
        source: "Treasury",
        files: &["budget.xlsx", "spending.csv", "report.html"],
        columns: &["department", "planned", "spent"],
    },
    Topic {
        theme: "forests",
        name: "Forest inventory near {place}",
        description: "Trees by species, height and trunk diameter on permanent plots; dead wood and browsing by deer.",
        source: "Forestry Commission",
        files: &["plots.gpkg", "trees-{year}.csv", "canopy.tif"],
        columns: &["species", "height_m", "diameter"],
    },
    Topic {
        theme: "noise",
        name: "Noise measurements at night, {place}",
        description: "Sound levels beside streets and railways at night, with recordings of the loudest minutes.",
        source: "Environment Agency",
        files: &["levels.arrow", "recordings/loudest.wav"],
        columns: &["decibel", "street"],
    },
    Topic {
        theme: "housing",
        name: "House prices in {place} since {year}",
        description: "Prices paid for houses and flats, with living area, year of construction and distance to the centre.",
        source: "Land Registry",
        files: &["prices.csv", "parcels.shp", "prices.orc"],
        columns: &["price", "living_area", "built"],
    },
    Topic {
        theme: "people",
        name: "Population census {year}: {place}",
        description: "Inhabitants by age, sex, household and nationality in squares of one kilometre.",
        source: "Statistical Office",
        files: &["census.parquet", "grid.geojson", "codebook.pdf"],
        columns: &["ageGroup", "inhabitants"],
    },
    Topic {
        theme: "accidents",
        name: "Traffic accidents of {place}",
        description: "Accidents with injured people: place, time, vehicles, light and weather. Cyclists and pedestrians are told apart.",
        source: "Police Department",
        files: &["accidents-{year}.csv", "vehicles.json"],
        columns: &["severity", "vehicles", "injured"],
    },
    Topic {
        theme: "museums",
        name: "Museum collections, {place}",
        description: "Paintings, drawings and sculptures with artist, technique and provenance; naïve art and Æsthetics of the 1920s.",
        source: "Musée d'art de {place}",
        files: &["objects.json", "thumbnails/painting-1.png"],
        columns: &["artist", "technique", "acquired"],
    },
    Topic {
        theme: "genomes",
        name: "Genome sequences of bacteria ({place})",
        description: "Whole genomes of hospital bacteria, sequenced and assembled; variants against the reference genome.",
        source: "Institut für Hygiene",
        files: &["assembly.fasta", "variants-{year}.vcf", "samples.tsv"],
        columns: &["sample", "coverage", "variant"],
    },
    Topic {
        theme: "satellites",
        name: "Satellite images of {place}, {year}",
        description: "Cloudless mosaics of satellite images in four bands, with vegetation indices computed per season.",
        source: "Space Agency",
        files: &["mosaic.tif", "index/{year}.nc"],
        columns: &["band", "ndvi"],
    },
    Topic {
        theme: "surveys",
        name: "Customer survey {year}, {place}",
        description: "Answers of customers asked by phone whether they're satisfied with offices, buses and the weather forecast.",
        source: "Opinion Research Ltd.",
        files: &["answers.csv", "questionnaire.html"],
        columns: &["question", "answer", "weight"],
    },
    Topic {
        theme: "shipping",
        name: "Ships in the port of {place}",
        description: "Arrivals and departures of ships, their cargo and delays; tankers, ferries and container ships since {year}.",
        source: "Port Authority",
        files: &["ships.csv", "cargo.parquet", "tracks.geojson"],
        columns: &["ship", "tonnage", "arrival"],
    },
    Topic {
        theme: "waste",
        name: "Waste collection {place}",
        description: "Tonnes of waste collected by street and kind: paper, glass, compost. Collecting days are in the calendar.",
        source: "City of {place}",
        files: &["collection-{year}.csv", "calendar.json"],
        columns: &["kind", "tonnes"],
    },
];

/// Name, description and tags of a package.
type Single = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Packages that are like no other.
pub(crate) const SINGLE: [Single; 12] = [
    ("!!!", "", &[]),
    ("日本語のデータ", "東京の天気 and trains in Tokyo.", &[("unit", "°C")]),
    ("Straße & Größe", "Strasse und Grosse: the same words in another spelling, 100 % öffentlich.", &[("a=b", "c=d"), ("a", "b=c=d")]),
    ("Москва: погода", "Погода в Москве, hourly.", &[("source", "Росгидромет")]),
    ("O'Brien's files", "Don't lose O\u{2019}Brien\u{2019}s notes; they're his.", &[("rows", "0")]),
    ("flights flights flights", "flights flights", &[("rows", "-17.5"), ("level", "Open")]),
    ("Flights", "A short one.", &[("rows", "-0"), ("day", "1969-12-31")]),
    ("A B C D E F", "One two three four five six seven eight nine ten.", &[("rows", "1e6")]),
    ("Case: HTTPServerLog", "Written by rawCSVExport and FlightDelays2k.", &[("tool", "rawCSVExport v2.1")]),
    ("100% of 1,000.5 units", "Numbers like 1,000.5 and 3.14 and 2026-01-31 in a text.", &[("rows", "1000.5"), ("day", "2026-01-31")]),
    ("Ǆungla ﬁle ①②", "Ligatures (ﬁ, æ, œ), digits in circles and ﬂags \u{1f1e8}\u{1f1ed} in a text.", &[("quality", "raw")]),
    ("x", "y", &[("level", "Restricted"), ("very long", "once upon a midnight dreary while I pondered weak and weary over many a quaint")]),
];

"""Splits the npm package vega-datasets into folders by topic, each a Frictionless Data Package of its own.

usage: topics.py PACKAGE_FOLDER OUTPUT_FOLDER

Titles, descriptions and tags are the demo's; licences and sources are those of the files, from the package's own descriptor.
Prints one line a topic: folder, number of files, bytes.
"""

import json
import pathlib
import shutil
import sys

TOPICS = {
    "flights": {
        "title": "US flights: delays and airports",
        "description": "On-time performance of US domestic flights in several sizes and formats, from 2,000 rows to three million, "
        "with arrival delay, departure delay, distance, and the **airports** they connect.",
        "keywords": ["aviation", "delay", "transport"],
        "tags": {"domain": "transport", "region": "US", "year": "2001"},
        "names": ["flights_", "airports", "birdstrikes"],
    },
    "climate": {
        "title": "Weather and climate",
        "description": "Daily and hourly weather of Seattle and New York, global temperature, carbon dioxide, precipitation and wind.",
        "keywords": ["weather", "climate", "temperature"],
        "tags": {"domain": "environment", "region": "world", "year": "2015"},
        "names": ["seattle_", "weather", "weekly_weather", "global_temp", "co2_", "annual_precip", "windvectors", "disasters", "earthquakes", "species"],
    },
    "economy": {
        "title": "Economy and work",
        "description": "Unemployment, employment by industry, budgets, income, stock prices and political contributions.",
        "keywords": ["economy", "employment", "finance"],
        "tags": {"domain": "economy", "region": "US", "year": "2010"},
        "names": ["unemployment", "us_employment", "budget", "income", "stocks", "sp500", "ohlc", "political_", "jobs", "wheat", "monarchs", "iowa_"],
    },
    "people": {
        "title": "Population and health",
        "description": "Life expectancy, income and population of countries, obesity, historical mortality and antibiotics.",
        "keywords": ["population", "health"],
        "tags": {"domain": "society", "region": "world", "year": "2005"},
        "names": ["gapminder", "population", "obesity", "crimea", "countries", "burtin", "driving", "la_riots"],
    },
    "maps": {
        "title": "Maps and places",
        "description": "Topologies of the world, the United States and London, postcodes and state capitals.",
        "keywords": ["geography", "topojson"],
        "tags": {"domain": "geography", "region": "world", "year": "2017"},
        "names": ["us_10m", "world_110m", "london_", "zipcodes", "us_state_capitals", "volcano", "platformer_", "udistrict"],
    },
    "samples": {
        "title": "Classic samples",
        "description": "Small data sets known from books: cars, penguins, movies, barley, Anscombe's quartet, graphs and icons.",
        "keywords": ["sample", "teaching"],
        "tags": {"domain": "teaching", "region": "world", "year": "1985"},
        "names": [],
    },
}


def topic_of(name: str) -> str:
    for topic, facts in TOPICS.items():
        if any(name.startswith(prefix) for prefix in facts["names"]):
            return topic
    return "samples"


def unique(values: list) -> list:
    seen = {json.dumps(value, sort_keys=True): value for value in values}
    return list(seen.values())


def main(package: pathlib.Path, output: pathlib.Path) -> None:
    descriptor = json.loads((package / "datapackage.json").read_text())
    by_topic = {topic: [] for topic in TOPICS}
    for resource in descriptor["resources"]:
        by_topic[topic_of(resource["name"])].append(resource)
    for topic, resources in by_topic.items():
        facts, folder = TOPICS[topic], output / topic
        folder.mkdir(parents=True)
        for resource in resources:
            source = package / "data" / resource["path"]
            (folder / resource["path"]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / resource["path"])
        licences = unique([licence for resource in resources for licence in resource.get("licenses", [])])
        sources = unique([source for resource in resources for source in resource.get("sources", [])])
        own = {
            "name": topic,
            "title": facts["title"],
            "description": facts["description"],
            "keywords": facts["keywords"],
            "version": descriptor["version"],
            "licenses": [{key: value for key, value in licence.items() if key in ("name", "title", "path")} for licence in licences][:8],
            "sources": [{key: value for key, value in source.items() if key in ("title", "path")} for source in sources][:8],
            "resources": [{"name": resource["name"], "path": resource["path"]} for resource in resources],
        }
        (folder / "datapackage.json").write_text(json.dumps(own, indent=2))
        (output / f"{topic}.tags").write_text("".join(f"{name}={value}\n" for name, value in facts["tags"].items()))
        files = [path for path in folder.rglob("*") if path.is_file()]
        print(f"{topic}\t{len(files)}\t{sum(path.stat().st_size for path in files)}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

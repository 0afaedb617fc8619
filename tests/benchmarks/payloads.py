"""What is asked and answered in every benchmark, so that all libraries do the same work.

The bytes on the wire are the same for all but for `Date` and `Server`, whose text is the library's
own, and the order of fields; bench.json has the size of each answer so that nobody has to believe
it.
"""

from __future__ import annotations

import json

HELLO = b"Hello, world"
UPLOAD = bytes(range(256)) * 40  # 10 KiB that no codec shortens
# Two records of vega_datasets' cars.json.
CARS = {
    "buick-skylark-320": {
        "Name": "buick skylark 320",
        "Miles_per_Gallon": 15.0,
        "Cylinders": 8,
        "Displacement": 350.0,
        "Horsepower": 165.0,
        "Weight_in_lbs": 3693,
        "Acceleration": 11.5,
        "Year": "1970-01-01",
        "Origin": "USA",
    },
    "toyota-corona": {
        "Name": "toyota corona mark ii",
        "Miles_per_Gallon": 24.0,
        "Cylinders": 4,
        "Displacement": 113.0,
        "Horsepower": 95.0,
        "Weight_in_lbs": 2372,
        "Acceleration": 15.0,
        "Year": "1970-01-01",
        "Origin": "Japan",
    },
}
ONE_CAR = json.dumps(CARS["toyota-corona"]).encode()
ALL_CARS = json.dumps(list(CARS.values()) * 5).encode()

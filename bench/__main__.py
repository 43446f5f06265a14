"""`make bench`: runs the benchmarks and prints their tables. Ratios against a floor and a peer of the same run count."""

import asyncio

from bench import booking, calendars, closing, latency, pages, pipeline

asyncio.run(latency.main())
asyncio.run(pages.main())
asyncio.run(booking.main())
asyncio.run(calendars.main())
asyncio.run(closing.main())
asyncio.run(pipeline.main())

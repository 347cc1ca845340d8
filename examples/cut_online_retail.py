"""Cut online-retail-sample.csv out of the whole UCI Online Retail file.

    python examples/cut_online_retail.py path/to/online-retail.csv.gz

Keeps the header and every row of the invoices whose earliest row lies from FIRST up to BEFORE, in
the order of the file and otherwise as it is. Writes beside this script.
"""

import csv
import gzip
import sys
from pathlib import Path

FIRST, BEFORE = "2011-08-01", "2011-08-22"
SAMPLE = Path(__file__).with_name("online-retail-sample.csv")


def cut(full: Path, sample: Path) -> None:
    """Write the rows of the invoices of these three weeks."""
    unpack = gzip.open if full.suffix == ".gz" else open
    with unpack(full, "rt", encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    invoice, time = header.index("InvoiceNo"), header.index("InvoiceDate")
    earliest: dict[str, str] = {}
    for row in rows:
        earliest[row[invoice]] = min(row[time], earliest.get(row[invoice], row[time]))
    with sample.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(row for row in rows if FIRST <= earliest[row[invoice]] < BEFORE)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cut(Path(sys.argv[1]), SAMPLE)

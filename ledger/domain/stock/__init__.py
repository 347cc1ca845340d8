"""Stock at a location: quantities, counts as anchors, shortages, who was promised what."""

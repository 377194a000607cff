"""Statistics warehouse of basic medical insurance: from landed extracts to a published bulletin."""

"""Icons, style sheets, class descriptions and sample recipes, packaged into the wheel."""

"""The pure heart: from children, profiles and a setting to a plan. No clock, no database, no network."""

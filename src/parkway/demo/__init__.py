"""A made-up world to try Parkway on: services, and children whose lives exercise every rule."""

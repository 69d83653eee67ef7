"""Tests of who carries the calls for runs."""

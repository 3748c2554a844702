"""Leads to tampering and case files: pages for analysts and leaders."""

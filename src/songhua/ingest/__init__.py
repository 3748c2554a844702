"""How data come in (接入): bytes and files become observations. Pure: no store, no clock."""

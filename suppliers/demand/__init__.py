"""What people lack: needs that nothing on the market meets, counted for suppliers and the ministry, naming nobody."""

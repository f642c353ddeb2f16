package sfo.protocol.model;

/** Where a member puts a failover interface. */
public record Nic(String device, Use use) {
    public enum Use {
        /** a macvlan on top of the device, which stays the host's own */
        SHARED,
        /** the device itself moves into the group host; refused if it is in use */
        SPARE
    }

    public Nic {
        Names.device(device);
    }
}

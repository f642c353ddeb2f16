package sfo.protocol.model;

import java.util.List;
import java.util.Map;

/**
 * What an appliance has that another one may have to take over.
 *
 * @param claims by group name, the claim under which this appliance holds the group
 * @param files by name, small texts that an adapter needs elsewhere
 */
public record Inventory(
        String appliance, List<GroupDefinition> groups, Map<String, Claim> claims, Map<String, String> files) {}

package sfo.protocol.events;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Which groups an appliance has ever known. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({@JsonSubTypes.Type(value = RegistryEvent.GroupKnown.class, name = "group-known")})
public sealed interface RegistryEvent extends StoredEvent {
    record GroupKnown(long ordinal, String group) implements RegistryEvent {}
}

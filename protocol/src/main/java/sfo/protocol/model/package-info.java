/** The words of the product as records: groups, claims, interfaces, volumes, shares, backups. Knows nothing but the JDK and Jackson's annotations. */
@NullMarked
package sfo.protocol.model;

import org.jspecify.annotations.NullMarked;

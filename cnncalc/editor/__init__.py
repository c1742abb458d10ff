"""What an editor shows of a spec: functions of text and position, which know no protocol."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [('registry', '0006_operator')]

    operations = [
        migrations.AddField(
            model_name='device',
            name='sm4_keys',
            field=models.TextField(blank=True, default='', editable=False, verbose_name='SM4 密钥（密封）'),
        ),
        migrations.AddField(
            model_name='gap',
            name='reason',
            field=models.CharField(blank=True, choices=[('power', '停电'), ('maintenance', '检修或质控'), ('instrument', '仪器故障'), ('line', '通信线路'), ('other', '其他')], max_length=12, verbose_name='原因'),
        ),
    ]
